/** The options of a sidecar. Every row of the catalogue that is a sidecar of ours is a preset over these. */
import { z } from 'zod';

const wholeFrom1 = z.int().min(1).max(100_000);

/** Options as a scenario writes them: those left out come from the variant's kind. */
export const sidecarOptionsSchema = z.strictObject({
  http: z
    .enum(['net-http', 'lean'])
    .optional()
    .describe(
      '`net-http`: Go’s own server, reverse proxy and transport; `lean`: a strict HTTP/1.1 forwarder that allocates nothing for a request but a fresh copy buffer.',
    ),
  concurrency: z
    .enum(['goroutine', 'worker-pool', 'event-loop', 'channel'])
    .optional()
    .describe(
      '`goroutine`: one for each connection; `worker-pool`: a bounded number, idle connections parked (needs `http: lean`); `event-loop`: one loop a core (needs `http: lean`); `channel`: every request through one channel.',
    ),
  workers: wholeFrom1.optional().describe('Bound of the worker pool; default 64.'),
  buffers: z
    .enum(['fresh', 'pooled'])
    .optional()
    .describe('`fresh`: a new copy buffer for each body; `pooled`: buffers are put back and used again.'),
  upstreamConnections: z
    .enum(['pooled', 'fresh'])
    .optional()
    .describe('`pooled`: kept for reuse; `fresh`: a new upstream connection for each request.'),
  idleUpstreamConnections: z
    .union([z.literal('auto'), wholeFrom1])
    .optional()
    .describe(
      'Idle upstream connections kept for reuse; `auto` is as many as the workload has. Go’s default of 2 makes a proxy dial for almost every request under load.',
    ),
  forwarding: z
    .enum(['copy', 'sockmap'])
    .optional()
    .describe(
      '`copy`: the sidecar reads and writes; `sockmap`: the kernel moves the payload between its two sockets (needs `workload.protocol: tcp` or `raw`, root and eBPF).',
    ),
  sameHost: z
    .enum(['tcp', 'messages'])
    .optional()
    .describe(
      '`messages`: sockets whose both ends are on this machine hand each other their bytes beneath TCP/IP (sockops and sk_msg; needs root and eBPF).',
    ),
  interception: z
    .enum(['none', 'connect', 'redirect'])
    .optional()
    .describe(
      'How traffic for the service gets into the sidecar: `none`: the client addresses it; `connect`: an eBPF hook on connect() changes the address; `redirect`: nftables REDIRECT does, packet by packet.',
    ),
  meshProtocol: z
    .enum(['same', 'http1', 'h2', 'h3'])
    .optional()
    .describe('What the sidecars speak with one another; `same` is what the client speaks.'),
  mtls: z
    .enum(['none', 'cross-cluster', 'all'])
    .optional()
    .describe('Which hops between sidecars use mutual TLS.'),
  tls: z
    .strictObject({
      key: z.enum(['ecdsa', 'rsa']).optional().describe('Certificates with ECDSA P-256 or RSA-2048 keys.'),
      version: z.enum(['1.2', '1.3']).optional(),
      cipher: z
        .enum(['auto', 'aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'])
        .optional()
        .describe('`auto` is what Go chooses. aes-256-gcm needs version 1.2.'),
      resumption: z.boolean().optional().describe('Whether sessions are resumed by tickets.'),
      earlyData: z
        .boolean()
        .optional()
        .describe('Whether safe requests are sent as 0-RTT data (needs `meshProtocol: h3`).'),
    })
    .optional(),
  policy: z
    .enum(['none', 'remote', 'cached', 'kernel'])
    .optional()
    .describe(
      'Whether the last sidecar asks a policy server for each request (`remote`), or keeps its decisions (`cached`); `kernel`: eBPF programs judge each connection and each piece of data by its addresses.',
    ),
  duties: z
    .enum(['bare', 'mesh'])
    .optional()
    .describe(
      '`mesh`: routes, request ids, forwarding headers, time limits, a retry budget, metrics and trace headers for each request.',
    ),
  accessLog: z.boolean().optional().describe('With `duties: mesh`: a line of access log for each request.'),
  hopTimes: z.boolean().optional().describe('Whether the time spent in each hop is added up.'),
  testBurnMicros: z
    .number()
    .min(0)
    .max(100_000)
    .optional()
    .describe('For tests of meshmark: CPU burnt per request by the first sidecar, in microseconds.'),
  testDisarm: z
    .boolean()
    .optional()
    .describe(
      'For tests of meshmark: stands the variant up with its mechanism switched off, while it goes on claiming it.',
    ),
});
export type WrittenOptions = z.infer<typeof sidecarOptionsSchema>;

export interface TlsOptions {
  readonly key: 'ecdsa' | 'rsa';
  readonly version: '1.2' | '1.3';
  readonly cipher: 'auto' | 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly resumption: boolean;
  readonly earlyData: boolean;
}

/** Options with nothing left out. */
export interface SidecarOptions {
  readonly http: 'net-http' | 'lean';
  readonly concurrency: 'goroutine' | 'worker-pool' | 'event-loop' | 'channel';
  readonly workers: number;
  readonly buffers: 'fresh' | 'pooled';
  readonly upstreamConnections: 'pooled' | 'fresh';
  readonly idleUpstreamConnections: 'auto' | number;
  readonly forwarding: 'copy' | 'sockmap';
  readonly sameHost: 'tcp' | 'messages';
  readonly interception: 'none' | 'connect' | 'redirect';
  readonly meshProtocol: 'same' | 'http1' | 'h2' | 'h3';
  readonly mtls: 'none' | 'cross-cluster' | 'all';
  readonly tls: TlsOptions;
  readonly policy: 'none' | 'remote' | 'cached' | 'kernel';
  readonly duties: 'bare' | 'mesh';
  readonly accessLog: boolean;
  readonly hopTimes: boolean;
  readonly testBurnMicros: number;
  readonly testDisarm: boolean;
}

/** The sidecar as people first write it. */
export const PLAIN_OPTIONS: SidecarOptions = {
  http: 'net-http',
  concurrency: 'goroutine',
  workers: 64,
  buffers: 'fresh',
  upstreamConnections: 'pooled',
  idleUpstreamConnections: 'auto',
  forwarding: 'copy',
  sameHost: 'tcp',
  interception: 'none',
  meshProtocol: 'same',
  mtls: 'none',
  tls: { key: 'ecdsa', version: '1.3', cipher: 'auto', resumption: true, earlyData: false },
  policy: 'none',
  duties: 'bare',
  accessLog: false,
  hopTimes: true,
  testBurnMicros: 0,
  testDisarm: false,
};

/** The plain sidecar with each of `written` over it, the later ones over the earlier. */
export function optionsOf(...written: readonly WrittenOptions[]): SidecarOptions {
  let options = PLAIN_OPTIONS;
  for (const { tls, ...over } of written) {
    const given = Object.entries(over).filter(([, value]) => value !== undefined);
    const givenTls = Object.entries(tls ?? {}).filter(([, value]) => value !== undefined);
    options = {
      ...options,
      ...Object.fromEntries(given),
      tls: { ...options.tls, ...Object.fromEntries(givenTls) },
    };
  }
  return options;
}

/** Why the options cannot stand together, as predicates with the option that has to change; empty when they can. */
export function optionConflicts(
  options: SidecarOptions,
  surroundings: {
    readonly protocol: CarriedProtocol;
    readonly meshHops: number;
    readonly nodes: 1 | 2;
  },
): readonly { readonly option: string; readonly message: string }[] {
  const { http, concurrency, mtls, meshProtocol, tls, policy, duties } = options;
  const { protocol, meshHops } = surroundings;
  const found: { option: string; message: string }[] = [];
  const refuse = (when: boolean, option: string, message: string) => {
    if (when) found.push({ option, message });
  };
  const needsMeshHop =
    'needs two sidecars in the path that speak with one another; use `topology: {hops: 2}`';
  refuse(mtls !== 'none' && meshHops === 0, 'mtls', needsMeshHop);
  refuse(meshProtocol !== 'same' && meshHops === 0, 'meshProtocol', needsMeshHop);
  refuse(
    concurrency === 'worker-pool' && http !== 'lean',
    'concurrency',
    'needs `http: lean`: net/http starts a goroutine for each connection',
  );
  refuse(
    concurrency === 'event-loop' && http !== 'lean',
    'concurrency',
    'needs `http: lean`: net/http starts a goroutine for each connection',
  );
  refuse(concurrency === 'channel' && http === 'lean', 'concurrency', 'needs `http: net-http`');
  refuse(
    (concurrency === 'event-loop' || concurrency === 'worker-pool') && mtls !== 'none',
    'concurrency',
    'cannot speak TLS, which blocks in Go; use `mtls: none` or `concurrency: goroutine`',
  );
  refuse(
    http === 'lean' &&
      (protocol === 'h2' ||
        protocol === 'h3' ||
        protocol === 'grpc' ||
        meshProtocol === 'h2' ||
        meshProtocol === 'h3'),
    'http',
    'speaks HTTP/1.1 only',
  );
  refuse(http === 'lean' && (policy === 'remote' || policy === 'cached'), 'policy', 'needs `http: net-http`');
  refuse(
    options.forwarding === 'sockmap' && protocol !== 'tcp',
    'forwarding',
    'needs `workload.protocol: tcp` or `raw`: the kernel moves bytes and reads no requests',
  );
  refuse(
    options.forwarding === 'sockmap' && options.sameHost === 'messages',
    'forwarding',
    'cannot be joined with `sameHost: messages`: a socket can be in one such map only',
  );
  refuse(
    options.forwarding === 'sockmap' && options.buffers === 'pooled',
    'buffers',
    'means nothing with `forwarding: sockmap`, which has no buffers; leave it out',
  );
  refuse(
    options.interception === 'redirect' && options.sameHost === 'messages',
    'sameHost',
    'cannot be joined with `interception: redirect`: either end would know the connection by another address; use `interception: connect`',
  );
  refuse(
    options.interception === 'redirect' && policy === 'kernel',
    'policy',
    'cannot be joined with `interception: redirect`, of which the programs that judge know nothing; use `interception: connect`',
  );
  const inKernel: readonly [boolean, string][] = [
    [options.forwarding === 'sockmap', 'forwarding'],
    [options.sameHost === 'messages', 'sameHost'],
    [options.interception !== 'none', 'interception'],
    [policy === 'kernel', 'policy'],
  ];
  for (const [set, option] of inKernel) {
    refuse(
      set && surroundings.nodes === 2,
      option,
      'needs `nodes: 1`: a short cut through the kernel may not cross the link between two nodes',
    );
  }
  refuse(
    meshProtocol === 'h3' && mtls !== 'all',
    'meshProtocol',
    'needs `mtls: all`: QUIC has no form without TLS',
  );
  refuse(meshProtocol === 'h3' && tls.version !== '1.3', 'tls.version', 'must be `1.3` under QUIC');
  refuse(
    tls.cipher === 'aes-256-gcm' && tls.version === '1.3',
    'tls.cipher',
    'needs `version: "1.2"`: Go chooses TLS 1.3 ciphers itself, and never this one',
  );
  refuse(
    tls.earlyData && meshProtocol !== 'h3',
    'tls.earlyData',
    'needs `meshProtocol: h3`: Go has no early data over TCP',
  );
  for (const [set, option] of inKernel) {
    refuse(
      protocol === 'h3' && set,
      option,
      'is for connections of TCP, and with `workload.protocol: h3` there are none to the sidecar',
    );
  }
  refuse(protocol === 'h3' && tls.version !== '1.3', 'tls.version', 'must be `1.3` under QUIC');
  const perRequest: readonly [boolean, string][] = [
    [http === 'lean', 'http'],
    [concurrency !== 'goroutine', 'concurrency'],
    [options.upstreamConnections === 'fresh', 'upstreamConnections'],
    [meshProtocol !== 'same', 'meshProtocol'],
    [mtls !== 'none', 'mtls'],
    [policy === 'remote' || policy === 'cached', 'policy'],
    [duties !== 'bare', 'duties'],
  ];
  for (const [set, option] of perRequest) {
    refuse(
      protocol === 'tcp' && set,
      option,
      'needs a protocol with requests, and with `workload.protocol: tcp` or `raw` the sidecars see none',
    );
  }
  refuse(
    options.accessLog && duties !== 'mesh',
    'accessLog',
    'needs `duties: mesh`, which is what writes it',
  );
  return found;
}

/** What the client and the service speak. gRPC is HTTP/2 with trailers and streams; `tcp` is HTTP/1.1 that nobody between them reads. */
export type WorkloadProtocol = CarriedProtocol | 'raw';

/** What the proxies between them take it for: to those that copy bytes it does not matter whose they are. */
export type CarriedProtocol = 'http1' | 'h2' | 'h3' | 'grpc' | 'tcp';

/** What proxies take a workload for. */
export function carriedAs(protocol: WorkloadProtocol): CarriedProtocol {
  return protocol === 'raw' ? 'tcp' : protocol;
}
