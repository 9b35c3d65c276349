/** A proxy that people run as a container: from the data plane's image, configured as on this machine. */

import { type ForeignForm, placedBefore } from '../foreign/configuration.js';
import { CONFIGURE } from '../foreign/configure.js';
import { HAPROXY_IDENTITY } from '../foreign/haproxy.js';
import {
  ANYWHERE,
  type ContainerPlan,
  FOLDER,
  identityIn,
  isSecured,
  joinedIdentityIn,
  LOOPBACK,
  PORTS,
} from './pod-container.js';

/**
 * The `index`-th proxy of the path, listening at `host`. `device` is the resource of the accelerator that its variant has, if
 * it has one. Its private key's device is the node's, whose counters pods cannot read.
 */
export function foreignContainer(
  form: ForeignForm,
  index: number,
  host: string,
  upstream: string,
  device: string | null,
): ContainerPlan {
  const place = placedBefore(form, index, upstream);
  const { role, listen } = place.proxy;
  const secured = isSecured(place.proxy);
  const ports = PORTS.proxy;
  const { file, text, argv, source } = CONFIGURE[form.program]({
    ...place,
    workers: null,
    listen: { host, port: ports.listen },
    admin: { host: LOOPBACK, port: ports.admin },
    identity: secured ? identityIn(role) : null,
    directory: FOLDER,
  });
  return {
    role,
    argv: [`/${form.program}`, ...argv],
    env: {},
    port: ports.listen,
    adminPort: ports.admin,
    // Over QUIC nobody connects by TCP.
    reached: host === ANYWHERE && listen.protocol !== 'h3',
    sidecar: true,
    source,
    folder: {
      files: { [file]: text },
      secrets: form.program === 'haproxy' && secured ? { [HAPROXY_IDENTITY]: joinedIdentityIn(role) } : {},
    },
    ...(device === null ? {} : { devices: [device] }),
  };
}
