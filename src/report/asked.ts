/** What the clients asked for, where it was not one request over and over. */
import type { AskedRequest, ComparedCommit, RunRecord } from '../record/index.js';
import { quantity, share } from './format.js';
import { shortened } from './html.js';

/** As short facts for the first screen; none for one workload of one request from one generator and no slow clients. Nothing in them is a user's text. */
export function askedFacts({ cells, requests, slowClients, against, cluster }: RunRecord): readonly string[] {
  return [
    ...(against === undefined ? [] : [`each variant beside itself at commit ${against.commit.slice(0, 12)}`]),
    ...(cluster?.agents === undefined ? [] : [`load from ${cluster.agents} agents`]),
    ...(cells === undefined ? [] : [`a matrix of ${plural(cells.length, 'cell')}`]),
    ...(requests === null || requests === undefined
      ? []
      : [`a mix of ${plural(requests.length, 'request')}`]),
    ...(slowClients === null || slowClients === undefined
      ? []
      : [`beside ${plural(slowClients.connections, 'slow client')}`]),
  ];
}

/** As labels and texts, which are a user's in part. */
export function askedDetails({
  cells,
  requests,
  slowClients,
  against,
}: RunRecord): readonly (readonly [label: string, text: string])[] {
  const total = (requests ?? []).reduce((sum, { weight }) => sum + weight, 0);
  return [
    ...(against === undefined ? [] : [['Compared with', comparedText(against)] as const]),
    ...(cells ?? []).map(({ id, values }) => [`Cell ${shortened(id)}`, valuesText(values)] as const),
    ...(requests ?? []).map(
      (request, index) =>
        [`Request ${index + 1}`, `${requestText(request)}: ${share(request.weight / total)} of all`] as const,
    ),
    ...(slowClients === null || slowClients === undefined
      ? []
      : [
          [
            'Slow clients',
            `${plural(slowClients.connections, 'connection')} that read at most ${quantity(slowClients.readBytesPerSecond, 'bytes')} a second each, in no figure but CPU and what follows from it`,
          ] as const,
        ]),
  ];
}

function comparedText({ asked, commit, own, identical }: ComparedCommit): string {
  const same = identical.map((id) => shortened(id)).join(', ');
  return `${shortened(asked)}, commit ${commit}; what lay here was commit ${own.commit}${own.changed ? ' with changes' : ''}${same === '' ? '' : `; the same program, byte for byte, in both: ${same}`}`;
}

/** `responseBytes: 64KiB; connections: 4`. */
function valuesText(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([axis, value]) => `${shortened(axis)}: ${shortened(value)}`)
    .join('; ');
}

function requestText({ method, path, headers, body }: AskedRequest): string {
  const names = Object.keys(headers);
  const parts = [
    ...(body === null
      ? []
      : [
          `a body of ${quantity(body.bytes, 'bytes')}${body.file === null ? '' : ` from ${shortened(body.file)}`} (SHA-256 ${body.sha256.slice(0, 16)}…)`,
        ]),
    ...(names.length === 0 ? [] : [`headers ${shortened(names.join(', '))}`]),
  ];
  return `${method} ${shortened(path)}${parts.length === 0 ? '' : ` with ${parts.join(' and ')}`}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
