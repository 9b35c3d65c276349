/** Colours of the charts, read from the page's style so that there is one place that knows them. */

export interface Theme {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly paper: string;
  readonly series: readonly string[];
  readonly font: string;
}

const SERIES = 8;

/** The colours that are in force now: light, dark, or print. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: value('--ink'),
    soft: value('--soft'),
    line: value('--line'),
    paper: value('--paper'),
    series: Array.from({ length: SERIES }, (_, index) => value(`--series-${index + 1}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Dashes go with colours, so that lines differ in black and white as well. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [9, 3, 2, 3],
  [14, 4],
  [4, 2],
  [1, 2],
  [12, 3, 2, 3, 2, 3],
];

export function seriesColour(theme: Theme, index: number): string {
  return theme.series[index % SERIES] ?? theme.ink;
}

/** After eight colours the dashes shift by one, so that no two of sixty-four lines are alike. */
export function seriesDash(index: number): number[] {
  return [...(DASHES[(index + Math.floor(index / SERIES)) % DASHES.length] ?? [])];
}
