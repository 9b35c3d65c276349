/**
 * The head of an HTTP/1.1 answer, read strictly: what could be understood in two ways is an error, as nothing good
 * comes of guessing where one answer ends and the next begins.
 */

export interface AnswerHead {
  readonly status: number;
  readonly message: string;
  /** Flat: name, value, name, value. */
  readonly rawHeaders: string[];
  /** Whether the connection may carry another request after this answer, as far as its headers say. */
  readonly keepAlive: boolean;
  /** How the body ends: there is none, after so many bytes, with the last chunk, or with the connection. */
  readonly framing: 'none' | 'chunked' | 'close' | number;
}

/** What an upstream sent that is not HTTP. */
export class ProtocolError extends Error {}

const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const LENGTH = /^\d{1,15}$/;

/** Reads a head, decoded as latin1 and without the empty line that ends it. Throws ProtocolError. */
export function parseAnswerHead(text: string, requestMethod: string): AnswerHead {
  const lineEnd = text.indexOf('\r\n');
  const statusLine = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const match = STATUS_LINE.exec(statusLine);
  if (match === null || CONTROL.test(statusLine)) throw new ProtocolError('its status line is not HTTP/1.1');
  const status = Number(match[2]);
  if (status < 100 || status > 599) throw new ProtocolError(`its status is ${status}`);
  const rawHeaders = lineEnd === -1 ? [] : parseFields(text.slice(lineEnd + 2));
  let length: string | null = null;
  let coding: string | null = null;
  let keepAlive = match[1] === '1';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    // Looking at the first letter spares most headers the rest.
    const first = name.charCodeAt(0) | 0x20;
    if (first !== LETTER_C && first !== LETTER_T) continue;
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== null || !LENGTH.test(value))
          throw new ProtocolError('its content length is not one number');
        length = value;
        break;
      case 'transfer-encoding':
        if (coding !== null || value.toLowerCase() !== 'chunked')
          throw new ProtocolError('its transfer encoding is not chunked');
        coding = value;
        break;
      case 'connection':
        if (/(^|[\s,])close($|[\s,])/i.test(value)) keepAlive = false;
        else if (/(^|[\s,])keep-alive($|[\s,])/i.test(value)) keepAlive = true;
        break;
    }
  }
  if (length !== null && coding !== null) throw new ProtocolError('it has both a length and chunks');
  if (coding !== null && match[1] === '0') throw new ProtocolError('it has chunks in HTTP/1.0');
  const framing = framingOf(requestMethod, status, length, coding !== null);
  return {
    status,
    message: match[3] ?? '',
    rawHeaders,
    keepAlive: keepAlive && framing !== 'close',
    framing,
  };
}

const LETTER_C = 0x63;
const LETTER_T = 0x74;

function framingOf(
  method: string,
  status: number,
  length: string | null,
  chunked: boolean,
): AnswerHead['framing'] {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
  if (chunked) return 'chunked';
  if (length === null) return 'close';
  return length === '0' ? 'none' : Number(length);
}

/** Header or trailer lines as a flat list. Throws ProtocolError. */
export function parseFields(text: string): string[] {
  const fields: string[] = [];
  if (text === '') return fields;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1);
    if (!NAME.test(name) || CONTROL.test(value)) throw new ProtocolError('a header line of it is malformed');
    fields.push(name, trimBlanks(value));
  }
  return fields;
}

/** Without spaces and tabs at both ends; `trim` would take more than these. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
