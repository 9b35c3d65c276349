/**
 * The one way text becomes HTML. Whatever a scenario, a command line or a server's answer contained arrives
 * here as a plain string and leaves as text that a browser shows and never runs.
 */

/** Markup that is known to be safe, because `html` made it. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = string | number | Html | null | readonly HtmlValue[];

export const NOTHING: Html = { markup: '' };

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Makes invisible characters visible: controls, lone surrogates, and the bidirectional controls by which a name
 * can make the text around it read differently (Trojan Source, CVE-2021-42574). Tabs and line ends stay.
 */
export function visibleText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g,
      (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** Text for HTML content and quoted attributes. */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Template tag: markup stays, every inserted value is escaped unless `html` made it. Null inserts nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  values.forEach((value, index) => {
    markup += insert(value) + (strings[index + 1] ?? '');
  });
  return { markup };
}

function insert(value: HtmlValue): string {
  if (value === null) return '';
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  if ('markup' in value) return value.markup;
  return value.map(insert).join('');
}

/**
 * JSON for a `<script type="application/json">`: no `<`, so that neither `</script` nor `<!--` can occur, and no
 * line separators that older parsers take for line ends. JSON.parse gives the value back unchanged.
 */
export function embeddedJson(value: unknown): Html {
  const json = JSON.stringify(value)
    .replace(/</g, '\\u003c')
    .replace(/>/g, '\\u003e')
    .replace(/&/g, '\\u0026')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
  return { markup: json };
}

/** Longest name shown in full; a longer one is cut, and its whole text is in the scenario's section. */
const LONGEST_NAME = 96;

/** A user-given name cut to a length a table can hold. */
export function shortened(text: string, longest = LONGEST_NAME): string {
  const characters = [...text.slice(0, longest * 2 + 2)];
  if (characters.length <= longest && text.length <= longest * 2) return text;
  return `${characters.slice(0, longest - 1).join('')}…`;
}

/** A user-given name in running text, kept apart from the writing direction of what surrounds it. */
export function name(text: string): Html {
  const shown = shortened(text);
  return shown === text
    ? html`<bdi class="name">${breakable(text)}</bdi>`
    : html`<bdi class="name" title="${shortened(text, 1000)}">${breakable(shown)}</bdi>`;
}

/** A line may end between a variant's name and its cell's. */
function breakable(text: string): readonly Html[] {
  return text.split(/(?<=@)/).map((part, index) => (index === 0 ? html`${part}` : html`<wbr>${part}`));
}
