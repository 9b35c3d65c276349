/** Charts as pictures to keep: SVG, and PNG made from it, each with its title and what its colours mean. */
import { Chart, type ChartConfiguration } from 'chart.js';
import type { Theme } from './theme.js';
import { escaped, fontAttributes, vectorContext } from './vector.js';

export interface Picture {
  readonly title: string;
  /** The smaller line above it: whose figures they are. */
  readonly run: string;
  readonly config: ChartConfiguration;
  /** Of the chart, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

const MARGIN = 16;
const HEAD_HEIGHT = 52;
const LEGEND_LINE_HEIGHT = 22;
/** A screen of twice the usual density shows a picture of this as sharp as text. */
const PNG_SCALE = 2;

/** The whole picture as SVG text, in the colours of `theme`. */
export function svgPicture({ title, run, config, width, height }: Picture, theme: Theme): string {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const { context, markup } = vectorContext(canvas);
  canvas.getContext = (() => context) as unknown as HTMLCanvasElement['getContext'];
  const chart = new Chart(canvas, {
    ...config,
    // A line of segments is drawn by strokes, which can be written down; any other by a path that cannot be read.
    data: {
      ...config.data,
      datasets: config.data.datasets.map((dataset) => ({ ...dataset, segment: {} }) as typeof dataset),
    },
    options: { ...config.options, responsive: false, devicePixelRatio: 1, events: [] },
  });
  const drawn = markup();
  const legend = legendOf(chart, width, theme);
  chart.destroy();
  const whole = { width: width + 2 * MARGIN, height: HEAD_HEIGHT + legend.height + height + 2 * MARGIN };
  const small = fontAttributes(`12px ${theme.font}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}" viewBox="0 0 ${whole.width} ${whole.height}" role="img">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="${escaped(theme.paper)}"/>
<g transform="translate(${MARGIN} ${MARGIN})">
<text y="16" fill="${escaped(theme.ink)}" ${fontAttributes(`600 16px ${theme.font}`)}>${escaped(title)}</text>
<text y="36" fill="${escaped(theme.soft)}" ${small}>${escaped(run)}</text>
<g transform="translate(0 ${HEAD_HEIGHT})">${legend.markup}</g>
<g transform="translate(0 ${HEAD_HEIGHT + legend.height})">
${drawn}
</g>
</g>
</svg>
`;
}

interface Sample {
  readonly label: string;
  readonly colour: string;
  /** Empty for a full line. */
  readonly dash: string;
  readonly thickness: number;
}

/** What stands for a dataset; null where its axis names it. */
function sampleOf(dataset: Chart['data']['datasets'][number]): Sample | null {
  const own = dataset as {
    readonly borderColor?: unknown;
    readonly pointBorderColor?: unknown;
    readonly borderDash?: readonly number[];
  };
  const colour = own.borderColor ?? own.pointBorderColor;
  if (typeof colour !== 'string') return null;
  const filled = own.borderDash === undefined;
  const striped = typeof dataset.backgroundColor === 'object';
  return {
    label: dataset.label ?? '',
    colour,
    dash: striped ? '2 2' : (own.borderDash ?? []).join(' '),
    thickness: filled ? 10 : 2.5,
  };
}

/** Names of the datasets beside a sample of each; nothing for a chart of one, whose axes say it all. */
function legendOf(
  chart: Chart,
  width: number,
  theme: Theme,
): { readonly markup: string; readonly height: number } {
  const samples = chart.data.datasets.map(sampleOf).filter((sample) => sample !== null);
  if (samples.length < 2) return { markup: '', height: 0 };
  let x = 0;
  let y = 0;
  const entries = samples.map(({ label, colour, dash, thickness }) => {
    const room = 44 + label.length * 7.2;
    if (x > 0 && x + room > width) {
      x = 0;
      y += LEGEND_LINE_HEIGHT;
    }
    const line = `<path d="M${x} ${y + 8}h24" stroke="${escaped(colour)}" stroke-width="${thickness}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`;
    const text = `<text x="${x + 30}" y="${y + 12}" fill="${escaped(theme.ink)}" ${fontAttributes(`12px ${theme.font}`)}>${escaped(label)}</text>`;
    x += room;
    return line + text;
  });
  return { markup: entries.join(''), height: y + LEGEND_LINE_HEIGHT + 6 };
}

/** The same as PNG. Rejects where the browser does not draw it. */
export async function pngPicture(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth * PNG_SCALE;
  canvas.height = image.naturalHeight * PNG_SCALE;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error('no picture was made')) : resolve(blob)),
      'image/png',
    );
  });
}

/** Puts two buttons beneath a chart. `take` is asked when one is pressed, and tells the name of the file that it saved. */
export function offerPictures(
  figure: HTMLElement,
  title: string,
  take: (kind: 'svg' | 'png') => Promise<string>,
): void {
  const line = document.createElement('p');
  line.className = 'pictures';
  const note = document.createElement('span');
  note.setAttribute('role', 'status');
  for (const kind of ['svg', 'png'] as const) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = kind.toUpperCase();
    button.setAttribute('aria-label', `Save the chart of ${title} as ${kind.toUpperCase()}`);
    button.addEventListener('click', () => {
      take(kind).then(
        (name) => {
          note.textContent = ` Saved as ${name}`;
        },
        (reason: unknown) => {
          note.textContent = ` It could not be saved: ${String(reason)}`;
        },
      );
    });
    line.append(button, ' ');
  }
  line.prepend('Save as ');
  line.append(note);
  figure.append(line);
}
