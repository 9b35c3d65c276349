/** What a mix of requests must agree on with itself and with the rest of the scenario. */
import type { Check, Disagreement } from './disagreement.js';
import { quote } from './fault.js';
import { MOST_BODY_BYTES } from './requests-schema.js';

/** Headers that follow from the request and its connection. */
const OWN_HEADERS = new Set([
  ...['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection'],
  ...['upgrade', 'te', 'trailer', 'expect'],
]);
/** The tokens of RFC 9110, section 5.6.2, and field values of its section 5.5 without obsolete text. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const HEADER_VALUE = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]{0,3998}[\x21-\x7e])?)?$/;

function headerProblem(name: string, value: string): string | null {
  if (!HEADER_NAME.test(name))
    return `${quote(name)} is no name of a header; use letters, digits and hyphens`;
  if (OWN_HEADERS.has(name.toLowerCase()))
    return `${quote(name)} follows from the request itself; leave it out`;
  return HEADER_VALUE.test(value)
    ? null
    : `the header ${quote(name)} holds what cannot be sent; use printable ASCII of at most 4000 characters`;
}

/** The path that policies deny, which a run asks for to see a denial enforced. */
const FORBIDDEN = /^\/forbidden(?:$|\?)/;

export const checkRequests: Check = ({ workload, load, crossCheck }) => {
  const { requests, protocol } = workload;
  if (requests === undefined) return [];
  const found: Disagreement[] = [];
  if (protocol === 'grpc' || protocol === 'tcp' || protocol === 'raw') {
    found.push({
      path: ['workload', 'requests'],
      message:
        protocol === 'grpc'
          ? '`workload.requests` has no meaning with `protocol: grpc`, which calls one method; leave it out or use `protocol: h2`'
          : `\`workload.requests\` has no meaning with \`protocol: ${protocol}\`, whose sidecars see no requests; leave it out or use \`protocol: http1\``,
    });
  }
  if (load?.driver === 'autocannon') {
    found.push({
      path: ['load', 'driver'],
      message:
        'autocannon sends requests by turns and draws none by weight; use `driver: loadgen` with `workload.requests`',
    });
  }
  if (crossCheck?.driver !== undefined) {
    found.push({
      path: ['crossCheck', 'driver'],
      message:
        'autocannon sends requests by turns and draws none by weight; leave `crossCheck` out with `workload.requests`',
    });
  }
  let lettersBytes = 0;
  for (const [index, { method, path, headers, bodyFile, bodyBytes }] of requests.entries()) {
    const at = (key: string) => ['workload', 'requests', index, key];
    lettersBytes += bodyBytes ?? 0;
    if (bodyFile !== undefined && bodyBytes !== undefined) {
      found.push({ path: at('bodyBytes'), message: 'a request has `bodyFile` or `bodyBytes`, not both' });
    } else if (lettersBytes > MOST_BODY_BYTES && bodyBytes !== undefined) {
      found.push({
        path: at('bodyBytes'),
        message: 'with this one, the bodies of `workload.requests` exceed 8MiB; use smaller or fewer bodies',
      });
      lettersBytes = 0;
    }
    if ((method === 'GET' || method === 'HEAD') && (bodyFile !== undefined || bodyBytes !== undefined)) {
      found.push({
        path: at('method'),
        message: `a body has no meaning with \`method: ${method}\` (RFC 9110, section 9.3); use \`POST\`, or leave the body out`,
      });
    }
    for (const [name, value] of Object.entries(headers)) {
      const message = headerProblem(name, value);
      if (message !== null) found.push({ path: ['workload', 'requests', index, 'headers', name], message });
    }
    if (FORBIDDEN.test(path)) {
      found.push({
        path: at('path'),
        message: '`/forbidden` is what policies deny; use another path',
      });
    }
  }
  return found;
};
