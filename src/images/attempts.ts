/** Asking a registry again when it was busy or its connection was lost. */
import { RegistryBusy, RegistryFault } from './registry-fault.js';

const ATTEMPTS = 5;
/** Longer than this nobody is made to wait, whatever a registry asks for. */
const LONGEST_WAIT_MS = 60_000;

/** Faults of connections that another attempt may not have; the rest, such as an unknown host, stays as it is. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'],
  ...['UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
]);

/**
 * What `step` comes to, at most at its fifth attempt. Between two it waits as long as the registry asks for, or `firstWaitMs`
 * and twice as long each time, with a random part so that many clients do not come back at once. Throws RegistryFault.
 */
export async function attempted<T>(
  registry: string,
  firstWaitMs: number,
  step: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const fault = asFault(error, registry);
      if (attempt === ATTEMPTS || !(fault instanceof RegistryBusy)) {
        throw attempt === 1 ? fault : new RegistryFault(`${fault.message}, after ${attempt} attempts`);
      }
      const waitMs = fault.retryAfterMs ?? firstWaitMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, LONGEST_WAIT_MS)));
    }
  }
}

/** What was thrown, as a fault of the registry; what is none of its kind, and so ours, is thrown on. */
function asFault(error: unknown, registry: string): RegistryFault {
  if (error instanceof RegistryFault) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new RegistryBusy(`${registry} did not answer in time`, null);
  }
  // `fetch` throws a TypeError whose cause says what happened.
  const cause = error instanceof TypeError ? error.cause : null;
  if (!(cause instanceof Error)) throw error;
  const code = 'code' in cause ? String(cause.code) : '';
  // A name with several addresses has its faults in a list.
  const reason = cause.message === '' ? code : cause.message;
  const message = `${registry} cannot be talked to: ${reason}`;
  if (PASSING_CODES.has(code)) return new RegistryBusy(message, null);
  return new RegistryFault(`${message}${mendOf(code)}`);
}

function mendOf(code: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return '; --insecure speaks to a registry without TLS';
  }
  return /CERT|SELF_SIGNED|UNABLE_TO/.test(code)
    ? '; name the file of the authority that signed its certificate by NODE_EXTRA_CA_CERTS'
    : '';
}
