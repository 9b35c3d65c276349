/** A proxy of the user's own as a container: from an image of theirs, or a program that is in the data plane's. */
import type { CounterSource } from '../../host/index.js';
import { filledEnvironment, filledIn, placeholdersTold, tellsIdentity } from '../../variants/index.js';
import { type CustomForm, isAskedAtAdmin, placeholderValues } from '../custom.js';
import { ANYWHERE, type ContainerPlan, FOLDER, identityIn, LOOPBACK, PORTS } from './pod-container.js';

/** The port of an address without one (RFC 9110, 4.2.1). */
const HTTP_PORT = 80;

/** The proxy of `role`, listening at `host`, as its command and environment tell it to. */
export function customContainer(
  { command, settings }: CustomForm,
  role: CustomForm['roles'][number],
  host: string,
  upstream: string,
): ContainerPlan {
  const { image, env, ready, metrics } = settings;
  const told = placeholdersTold(command, env);
  const { listen, admin } = PORTS.proxy;
  const values = placeholderValues({
    role,
    // The pod's loopback is where it can be asked from outside, apart from the traffic.
    ...{ listenHost: host, listenPort: listen, adminHost: LOOPBACK, adminPort: admin },
    upstream,
    identity: tellsIdentity(told) ? identityIn(role) : null,
    directory: FOLDER,
  });
  const source: CounterSource | null =
    metrics === null
      ? null
      : { type: 'prometheus', url: filledIn(metrics.url, values), metrics: metrics.map };
  const askedAt = isAskedAtAdmin(told) ? admin : listen;
  return {
    role,
    argv: command.map((word) => filledIn(word, values)),
    env: filledEnvironment(env, values),
    port: listen,
    adminPort: source === null ? null : portOf(source.url),
    reached: host === ANYWHERE,
    sidecar: true,
    ...(image === null ? {} : { image }),
    ...(source === null ? {} : { source }),
    ...(told.has('directory') ? { folder: { files: {}, secrets: {} } } : {}),
    ...(ready.type === 'http' ? { ready: { port: askedAt, path: ready.path, status: ready.status } } : {}),
  };
}

/** Whether such proxies are told who they are. */
export function asksForIdentity({ command, settings }: CustomForm): boolean {
  return tellsIdentity(placeholdersTold(command, settings.env));
}

/** Null for what is no address: then nothing can be read there. */
function portOf(url: string): number | null {
  return URL.canParse(url) ? Number(new URL(url).port || HTTP_PORT) : null;
}
