/** A proxy that meshmark knows nothing of but how to start it, where it listens, and which of its figures mean what. */

/** What stands in a command, an environment variable or an address for what is only known when the proxy is started. */
export const PLACEHOLDERS = [
  'listen',
  'listenHost',
  'listenPort',
  'upstream',
  'upstreamHost',
  'upstreamPort',
  'admin',
  'adminPort',
  'certificate',
  'key',
  'ca',
  'directory',
  'role',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Counters of ours that a proxy's own can be mapped to (infra/dataplane/internal/admin/counters.go says what they mean). */
export const MAPPABLE_COUNTERS = [
  'requests',
  'bytesCopied',
  'connectionsAccepted',
  'upstreamDials',
  'requestsHttp1',
  'requestsH2',
  'requestsH3',
  'requestsVerified',
  'handshakes',
  'handshakesResumed',
] as const;

export type CustomReady =
  /** The first whole answer through the path is proof enough. */
  | { readonly type: 'answer' }
  | { readonly type: 'tcp' }
  /** Asked at the admin port where the command is told of one, else where it listens. */
  | { readonly type: 'http'; readonly path: string; readonly status: number };

export interface CustomMetrics {
  /** Address of Prometheus text, with placeholders. */
  readonly url: string;
  /** Selectors of each counter of ours, which is their sum. */
  readonly map: Readonly<Record<string, readonly string[]>>;
}

/** How a proxy of the user's own is started and watched, beside its command. */
export interface CustomSettings {
  /** The user's own container image, for pods; null where the program is in meshmark's, or on this machine. */
  readonly image: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly ready: CustomReady;
  readonly metrics: CustomMetrics | null;
}

export const NO_CUSTOM_SETTINGS: CustomSettings = {
  image: null,
  env: {},
  ready: { type: 'answer' },
  metrics: null,
};

/** `{listen}`, but not `${listen}`, which is a shell's. */
const PLACEHOLDER = /(?<!\$)\{([a-zA-Z]+)\}/g;

/** Everything in a text that has the form of a placeholder, whether or not it is one. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/** Every placeholder by which a proxy is told something when it is started. */
export function placeholdersTold(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): ReadonlySet<string> {
  return new Set([...command, ...Object.values(env)].flatMap(placeholdersIn));
}

/** Whether one of them is a proof of who it is. */
export function tellsIdentity(told: ReadonlySet<string>): boolean {
  return ['certificate', 'key', 'ca'].some((name) => told.has(name));
}

/** A text with every placeholder that is known replaced. */
export function filledIn(text: string, values: Readonly<Record<Placeholder, string>>): string {
  return text.replaceAll(PLACEHOLDER, (written, name: string) =>
    Object.hasOwn(values, name) ? values[name as Placeholder] : written,
  );
}

/** Environment variables with the same replaced in each. */
export function filledEnvironment(
  env: Readonly<Record<string, string>>,
  values: Readonly<Record<Placeholder, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [name, filledIn(text, values)]));
}
