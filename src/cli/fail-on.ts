/** What makes a command fail that judges. */
import { Option } from 'commander';

/** `--fail-on`, for each command that ends with a verdict. */
export function failOn(): Option {
  return new Option(
    '--fail-on <what>',
    'what makes the command fail: a regression alone, or a missing verdict too',
  )
    .choices(['regression', 'undecided'])
    .default('undecided');
}
