/** What all charts have in common: axes, the tooltip, and what a reader chose to see. */
import type { Theme } from '../theme.js';

/** Which variants a reader wants to see, by index, and whether the send-time curves too. */
export interface Shown {
  readonly variants: ReadonlySet<number>;
  readonly sendTime: boolean;
}

/** An axis with a title, in the colours of the page. */
export function axis(theme: Theme, title: string) {
  return {
    title: { display: true, text: title, color: theme.soft, font: { size: 12 } },
    grid: { color: theme.line, drawTicks: false },
    border: { color: theme.line },
    ticks: { color: theme.soft, padding: 6, maxRotation: 0, autoSkipPadding: 12 },
  };
}

/** A scale of lanes from top to bottom, each with its name in front. */
export function laneAxis(theme: Theme, names: readonly string[]) {
  return {
    ...axis(theme, ''),
    type: 'linear' as const,
    reverse: true,
    min: -0.5,
    max: names.length - 0.5,
    grid: { display: false },
    afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
      scale.ticks = names.map((_, lane) => ({ value: lane }));
    },
    ticks: {
      color: theme.ink,
      autoSkip: false,
      callback: (value: string | number) => names[Number(value)] ?? '',
    },
    title: { display: false },
  };
}

/** Options of every chart: no animation, as wide as its place, one look of tooltip. */
export function base(theme: Theme) {
  return {
    animation: false as const,
    responsive: true,
    maintainAspectRatio: false,
    font: { family: theme.font },
    plugins: {
      tooltip: {
        backgroundColor: theme.ink,
        titleColor: theme.paper,
        bodyColor: theme.paper,
        footerColor: theme.paper,
        padding: 8,
        displayColors: false,
      },
    },
  };
}

/** 1, 2 or 5 times a power of ten. */
export function isRound(value: number): boolean {
  return /^[125]0*(\.0*)?$/.test(String(value).replace(/^0\.0*/, ''));
}
