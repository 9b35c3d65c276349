/** What the benchmarks of power may be told on their command lines. */

/** Numbers with commas after `--name`, none for `none`, or the default. Throws RangeError. */
export function listOption(name: string, fallback: readonly number[]): readonly number[] {
  const text = optionText(name);
  if (text === null) return fallback;
  if (text === 'none') return [];
  const values = text.split(',').map(Number);
  if (text === '' || !values.every((value) => Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`--${name} needs numbers with commas between them, or none`);
  }
  return values;
}

/** Which of `known` are named after `--name`, with commas; all of them without it. Throws RangeError. */
export function choiceOption<Name extends string>(name: string, known: readonly Name[]): readonly Name[] {
  const text = optionText(name);
  if (text === null) return known;
  const words = text.split(',');
  if (!words.every((word) => known.some((one) => one === word))) {
    throw new RangeError(`--${name} needs some of ${known.join(',')}`);
  }
  return known.filter((one) => words.includes(one));
}

function optionText(name: string): string | null {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? null : (process.argv[at + 1] ?? '');
}
