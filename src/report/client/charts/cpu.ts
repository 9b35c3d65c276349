/** CPU per request by where it was spent. */
import type { StackedBars } from '../../chart-data.js';
import { seriesColour, type Theme } from '../theme.js';
import type { StackPart } from './stack.js';

/** The parts that are known of any variant. */
export function cpuParts(bars: StackedBars, theme: Theme): readonly StackPart[] {
  const parts: readonly StackPart[] = [
    { name: 'user', colour: seriesColour(theme, 0), striped: false, values: bars.user },
    { name: 'system', colour: seriesColour(theme, 1), striped: false, values: bars.system },
    { name: 'user and system together', colour: theme.soft, striped: false, values: bars.unsplit },
    { name: 'elsewhere on the machine', colour: theme.soft, striped: true, values: bars.elsewhere },
  ];
  return parts.filter(({ values }) => values.some((value) => value !== null));
}
