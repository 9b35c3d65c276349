/** What the variants, the baseline and everything that names a variant must agree on. */
import { CATALOGUE, catalogueRow } from '../variants/index.js';
import type { Check, Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';
import { quote } from './fault.js';
import { mendUnknown, nearest } from './suggestion.js';

/** Rows of the design that this version cannot stand up yet, so that a user learns that the name is not a slip. */
const ROWS_TO_COME: readonly string[] = [
  'default-idle',
  'worker-pool',
  'netpoll',
  'channel-contended',
  'pooled-connection',
  'fresh-connection',
  'tls-rsa',
  'tls-ecdsa',
  'tls-aes-gcm',
  'tls-chacha20',
  'mtls-all',
  'mtls-cross-cluster',
  'mtls-none',
  'passthrough',
  'h1-h2-convert',
  'grpc',
  'quic',
  'rbac-remote',
  'rbac-cached',
  'rbac-ebpf',
  'ebpf-sockmap',
  'ebpf-sockops',
  'zero-sidecar',
  'qat-tls',
  'all-on',
  'envoy',
  'haproxy',
  'nginx',
  'node-plain',
  'node-pooled',
];

export const checkVariants: Check = ({ variants }) => {
  const found: Disagreement[] = [];
  const firstWith = new Map<string, number>();
  for (const [index, variant] of variants.entries()) {
    const { id } = variant;
    if (id !== undefined) {
      if (firstWith.has(id)) {
        found.push({
          path: ['variants', index, 'id'],
          message: `the id ${quote(id)} is taken by \`variants[${firstWith.get(id)}]\`; ids must be unique (a kind may be used again: \`{id: ${id.slice(0, 34)}-again, kind: …}\`)`,
        });
      } else firstWith.set(id, index);
    }
    const kind = variant.kind ?? id;
    if (kind === undefined) continue;
    const row = catalogueRow(kind);
    if (row === undefined) {
      found.push({
        path: ['variants', index, variant.kind === undefined ? 'id' : 'kind'],
        message: unknownKind(kind),
      });
      continue;
    }
    const custom = row.form.type === 'custom';
    if (variant.options !== undefined && row.form.type !== 'sidecar') {
      found.push({
        path: ['variants', index, 'options'],
        message: `options are for the Go sidecar, which \`${kind}\` is not; leave them out or use \`kind: sidecar\``,
      });
    }
    if (variant.command !== undefined && !custom) {
      found.push({
        path: ['variants', index, 'command'],
        message: `\`command\` is only for \`kind: custom\`, and this is \`${kind}\``,
      });
    }
    if (variant.command !== undefined && custom) {
      const missing = ['{listen}', '{upstream}'].filter(
        (placeholder) => !variant.command?.some((word) => word.includes(placeholder)),
      );
      if (missing.length > 0) {
        found.push({
          path: ['variants', index, 'command'],
          message: `\`command\` must contain ${missing.map((one) => `\`"${one}"\``).join(' and ')}, which meshmark replaces by host:port`,
        });
      }
    }
  }
  return found;
};

function unknownKind(kind: string): string {
  const known = CATALOGUE.map((row) => row.kind);
  const listed = known.map((one) => `\`${one}\``).join(', ');
  if (ROWS_TO_COME.includes(kind))
    return `${quote(kind)} is not in this version's catalogue, which has ${listed}`;
  const near = nearest(kind, known);
  const mend =
    near === null
      ? `; the catalogue has ${listed}, and a variant's kind is its id unless \`kind:\` says otherwise`
      : `; did you mean \`${near}\`?`;
  return `unknown kind ${quote(kind)}${mend}`;
}

function unknownVariant(id: string, ids: readonly string[]): string {
  return `no variant has the id ${quote(id)}${ids.length === 0 ? '; there are none' : mendUnknown(id, [...new Set(ids)])}`;
}

export const checkBaseline: Check = ({ top, variants, compare, gate }) => {
  const ids = variants.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const found: Disagreement[] = [];
  if (top.baseline !== undefined && ids.length === variants.length && !ids.includes(top.baseline)) {
    found.push({ path: ['baseline'], message: unknownVariant(top.baseline, ids) });
  }
  for (const [index, pair] of compare.entries()) {
    if (pair === null || ids.length < variants.length) continue;
    for (const [side, id] of pair.entries()) {
      if (!ids.includes(id)) found.push({ path: ['compare', index, side], message: unknownVariant(id, ids) });
    }
    if (pair[0] === pair[1]) {
      found.push({ path: ['compare', index], message: 'a pair must name two different variants' });
    }
  }
  for (const [index, rule] of gate.entries()) {
    for (const [position, id] of (rule.variants ?? []).entries()) {
      const path = ['gate', index, 'variants', position];
      if (ids.length === variants.length && !ids.includes(id)) {
        found.push({ path, message: unknownVariant(id, ids) });
      } else if (id === top.baseline) {
        found.push({ path, message: `${quote(id)} is the baseline, which cannot be compared with itself` });
      }
    }
  }
  return found;
};

/** Like `checkOpenRate`: what is missing can only be told from what was written. */
export function checkBaselineWritten(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  if (isWritten(['baseline'])) return [];
  const ids = draft.variants.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const example = ids[0] ?? 'plain';
  if (draft.gate.length > 0) {
    return [
      {
        path: ['baseline'],
        message: `\`baseline\` is missing; a gate compares with one, such as \`baseline: ${example}\``,
      },
    ];
  }
  return draft.variants.length >= 2 && !isWritten(['compare', 0])
    ? [
        {
          path: ['baseline'],
          message: `\`baseline\` is missing; with several variants, say which one the others are compared with, such as \`baseline: ${example}\``,
        },
      ]
    : [];
}

/** Custom variants without a command, told from what was written. */
export function checkCommands(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  return draft.variants.flatMap(({ id, kind }, index) =>
    (kind ?? id) === 'custom' && !isWritten(['variants', index, 'command'])
      ? [
          {
            path: ['variants', index],
            message:
              'a custom variant needs a `command`, such as `[./my-proxy, --listen, "{listen}", --to, "{upstream}"]`',
          },
        ]
      : [],
  );
}
