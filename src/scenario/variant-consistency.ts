/** What the variants, the baseline and everything that names a variant must agree on. */
import { CATALOGUE, carriedAs, catalogueRow, declaredOptions, optionConflicts } from '../variants/index.js';
import { customFaults } from './custom-consistency.js';
import type { Check, Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';
import { quote } from './fault.js';
import { foreignFaults } from './foreign-consistency.js';
import { injectedFaults } from './injected-consistency.js';
import { mendUnknown, nearest } from './suggestion.js';
import { rolesOf } from './topology.js';

export const checkVariants: Check = ({ variants, workload, topology, top }) => {
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
    const injected = row.form.type === 'injected';
    const options = declaredOptions(row, variant.options ?? {});
    if (options === null) {
      if (variant.options !== undefined) {
        found.push({
          path: ['variants', index, 'options'],
          message: `options are for the Go sidecar, which \`${kind}\` is not; leave them out or use \`kind: sidecar\``,
        });
      }
    } else if (row.form.type === 'zero-sidecar') {
      found.push(...zeroSidecarFaults(index, variant.options ?? {}, topology?.nodes ?? 1));
      if (workload.protocol === 'h3') {
        found.push({
          path: ['variants', index],
          message: `${quote(kind)} redirects connections of TCP, and \`workload.protocol\` is \`h3\`; leave it out`,
        });
      }
    } else if (row.form.type === 'node') {
      found.push(...nodeFaults(index, variant.options ?? {}, workload.protocol));
    } else {
      if (row.form.type === 'foreign') {
        const conflicts = foreignFaults(
          index,
          id ?? kind,
          row.form.program,
          variant.options ?? {},
          workload.protocol,
        );
        found.push(...conflicts);
        if (conflicts.length > 0) continue;
      }
      const surroundings = {
        protocol: carriedAs(workload.protocol ?? 'http1'),
        meshHops: rolesOf(topology ?? {}).length - 1,
        nodes: topology?.nodes ?? 1,
      };
      for (const { option, message } of optionConflicts(options, surroundings)) {
        const given = `options.${option}`;
        found.push({
          path: ['variants', index, 'options', ...option.split('.')],
          message: `\`${given}\` of ${quote(id ?? kind)} ${message}`,
        });
      }
      if (options.mtls === 'cross-cluster' && topology?.clusters === undefined) {
        found.push({
          path: ['variants', index],
          message:
            '`mtls: cross-cluster` needs clusters to tell hops apart; add `topology.clusters`, such as `{west: [client, outbound], east: [inbound, service]}`',
        });
      }
      if (kind === 'grpc' && workload.protocol !== 'grpc') {
        found.push({ path: ['variants', index], message: '`grpc` needs `workload.protocol: grpc`' });
      }
    }
    found.push(...customFaults(index, variant, kind, custom));
    found.push(...injectedFaults(index, variant, kind, injected, top.cluster?.namespace));
  }
  return found;
};

/** What there is to choose where no proxy stands. */
const ZERO_SIDECAR_OPTIONS: readonly string[] = ['sameHost', 'policy', 'testDisarm'];

function zeroSidecarFaults(
  index: number,
  options: Readonly<Record<string, unknown>>,
  nodes: 1 | 2,
): Disagreement[] {
  const found: Disagreement[] = Object.keys(options)
    .filter((option) => !ZERO_SIDECAR_OPTIONS.includes(option))
    .map((option) => ({
      path: ['variants', index, 'options', option],
      message: `no sidecar stands in \`zero-sidecar\` that could have the option ${quote(option)}; it has \`sameHost\` and \`policy\``,
    }));
  if (options.policy === 'remote' || options.policy === 'cached') {
    found.push({
      path: ['variants', index, 'options', 'policy'],
      message: '`options.policy` can only be `kernel` or `none` where no sidecar could ask a policy server',
    });
  }
  if (nodes === 2) {
    found.push({
      path: ['variants', index],
      message:
        '`zero-sidecar` needs `nodes: 1`: a short cut through the kernel may not cross the link between two nodes',
    });
  }
  return found;
}

/** What the Node.js sidecar has of the options; the others mean nothing to it. */
const NODE_OPTIONS: readonly string[] = ['buffers', 'idleUpstreamConnections', 'testDisarm'];

function nodeFaults(
  index: number,
  options: Readonly<Record<string, unknown>>,
  protocol: string | undefined,
): Disagreement[] {
  const found: Disagreement[] = Object.keys(options)
    .filter((option) => !NODE_OPTIONS.includes(option))
    .map((option) => ({
      path: ['variants', index, 'options', option],
      message: `the Node.js sidecar has no option ${quote(option)}; it has ${NODE_OPTIONS.slice(0, 2)
        .map((one) => `\`${one}\``)
        .join(', ')}`,
    }));
  if (protocol !== undefined && protocol !== 'http1') {
    found.push({
      path: ['variants', index],
      message: `the Node.js sidecar speaks HTTP/1.1 only, and \`workload.protocol\` is \`${protocol}\``,
    });
  }
  return found;
}

function unknownKind(kind: string): string {
  const where = '`meshmark list` shows what there is';
  const near = nearest(
    kind,
    CATALOGUE.map((row) => row.kind),
  );
  const mend =
    near === null
      ? `; ${where}, and a variant's kind is its id unless \`kind:\` says otherwise`
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
    (kind ?? id) === 'custom' &&
    !isWritten(['variants', index, 'command']) &&
    !isWritten(['variants', index, 'image'])
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

/** Every variant that an ablation names must be there. */
export const checkAblation: Check = ({ ablation, variants }) => {
  if (ablation === null) return [];
  const ids = variants.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.length < variants.length) return [];
  const named: { path: (string | number)[]; id: string | undefined }[] = [
    { path: ['ablation', 'from'], id: ablation.from },
    { path: ['ablation', 'to'], id: ablation.to },
    ...(ablation.factors ?? []).flatMap(({ off, on }, index) => [
      { path: ['ablation', 'factors', index, 'off'], id: off },
      { path: ['ablation', 'factors', index, 'on'], id: on },
    ]),
  ];
  return named.flatMap(({ path, id }) =>
    id === undefined || ids.includes(id) ? [] : [{ path, message: unknownVariant(id, ids) }],
  );
};
