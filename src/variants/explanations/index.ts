/** What the report says of each kind of variant: what it does, what that costs and saves, how it is proven, and what to beware of. */
import { ACCELERATED } from './accelerated.js';
import { BASELINES } from './baselines.js';
import { CONNECTIONS } from './connections.js';
import { DUTIES } from './duties.js';
import { ENCRYPTION } from './encryption.js';
import { ENGINES } from './engines.js';
import { HANDSHAKES } from './handshakes.js';
import { KERNEL } from './kernel.js';
import { NODE } from './node.js';
import { POLICY } from './policy.js';
import { PROTOCOLS } from './protocols.js';
import { PROXIES } from './proxies.js';
import { QUIC } from './quic.js';

/** Plain paragraphs with an empty line between them, by the kind of the variant. */
export const EXPLANATIONS: Readonly<Record<string, string>> = {
  ...BASELINES,
  ...ENGINES,
  ...CONNECTIONS,
  ...HANDSHAKES,
  ...ENCRYPTION,
  ...PROTOCOLS,
  ...QUIC,
  ...POLICY,
  ...KERNEL,
  ...DUTIES,
  ...NODE,
  ...PROXIES,
  ...ACCELERATED,
};
