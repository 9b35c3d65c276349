/** Faults of a scenario: where they are and how to mend them. */

export interface ScenarioFault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units as editors count them. */
  readonly column: number;
  /** One sentence: what is wrong and what would be right. */
  readonly message: string;
}

/** `FILE:LINE:COLUMN message`, the form that editors and terminals turn into a link. */
export function formatFault(fault: ScenarioFault): string {
  return `${fault.file}:${fault.line}:${fault.column} ${fault.message}`;
}

const LONGEST_QUOTE = 40;

/**
 * Text from a scenario in backticks: shortened, and with control and invisible format characters spelt out, because
 * it goes to a terminal.
 */
export function quote(text: string): string {
  const shortened = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 1)}…` : text;
  const visible = shortened.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `\`${visible}\``;
}
