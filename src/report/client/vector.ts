/**
 * A drawing context that writes SVG: what Chart.js draws on it becomes shapes and text instead of pixels. It holds
 * what Chart.js and the report's own plugins use of a canvas, and nothing more.
 */
import { hatchOf } from './charts/hatch.js';

/** What `save` keeps; the last two are no names of a canvas, whose own `clip` and `transform` are functions. */
interface Style {
  fillStyle: string | CanvasPattern;
  strokeStyle: string;
  lineWidth: number;
  lineDash: readonly number[];
  lineCap: string;
  lineJoin: string;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  matrix: DOMMatrix;
  clipId: string | null;
}

export interface VectorContext {
  readonly context: CanvasRenderingContext2D;
  /** What was drawn since, as SVG elements. */
  readonly markup: () => string;
}

const ANCHORS: Readonly<Record<CanvasTextAlign, string>> = {
  left: 'start',
  start: 'start',
  center: 'middle',
  right: 'end',
  end: 'end',
};

/** How far below the given point, in parts of the letter size, the line lies that letters stand on. */
const BASELINES: Readonly<Record<CanvasTextBaseline, number>> = {
  alphabetic: 0,
  bottom: -0.2,
  ideographic: -0.2,
  middle: 0.35,
  hanging: 0.75,
  top: 0.8,
};

/** Weight, size in px and family of a font as a canvas takes it. */
const FONT = /(bold|\d{3})?\s*([\d.]+)px(?:\/\S+)?\s+(.*)$/;

/** Attributes and no style, which the page's own policy would refuse. `font` is as a canvas takes it. */
export function fontAttributes(font: string): string {
  const [, weight, size, family] = FONT.exec(font) ?? [];
  return `font-size="${size ?? 10}" font-family="${escaped(family ?? 'sans-serif')}"${weight === undefined ? '' : ` font-weight="${weight}"`}`;
}

/** A context for `canvas`, which is never drawn on; text is measured with a real one. */
export function vectorContext(canvas: HTMLCanvasElement): VectorContext {
  const ruler = document.createElement('canvas').getContext('2d');
  if (ruler === null) throw new Error('this browser has no canvas to measure text with');
  const elements: string[] = [];
  const saved: Style[] = [];
  let path = '';
  const style: Style = {
    fillStyle: '#000000',
    strokeStyle: '#000000',
    lineWidth: 1,
    lineDash: [],
    lineCap: 'butt',
    lineJoin: 'miter',
    globalAlpha: 1,
    font: '10px sans-serif',
    textAlign: 'start',
    textBaseline: 'alphabetic',
    matrix: new DOMMatrix(),
    clipId: null,
  };
  // A clip lies in the space of what it clips: around a group, it is not moved with the element inside.
  const put = (element: string) =>
    elements.push(style.clipId === null ? element : `<g clip-path="url(#${style.clipId})">${element}</g>`);
  const common = () =>
    `${placed(style.matrix)}${style.globalAlpha === 1 ? '' : ` opacity="${short(style.globalAlpha)}"`}`;
  const shape = (paint: string) => {
    if (path !== '') put(`<path d="${path.trim()}" ${paint}${common()}/>`);
  };
  const fillOf = () => (typeof style.fillStyle === 'string' ? style.fillStyle : hatched(style.fillStyle));
  const hatched = (pattern: CanvasPattern) => {
    const { colour, paper } = hatchOf(pattern) ?? { colour: '#888888', paper: '#ffffff' };
    const id = `hatch-${elements.length}`;
    elements.push(
      `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="${escaped(paper)}"/><path d="M0 6L6 0" stroke="${escaped(colour)}" stroke-width="1.2"/></pattern>`,
    );
    return `url(#${id})`;
  };
  const fill = () => shape(`fill="${escaped(fillOf())}"`);
  const stroke = () =>
    shape(
      `fill="none" stroke="${escaped(style.strokeStyle)}" stroke-width="${short(style.lineWidth)}" stroke-linejoin="${style.lineJoin}" stroke-linecap="${style.lineCap}"${style.lineDash.length === 0 ? '' : ` stroke-dasharray="${style.lineDash.join(' ')}"`}`,
    );
  const rect = (x: number, y: number, width: number, height: number) => {
    path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z `;
  };
  const alone = (draw: () => void) => {
    const before = path;
    path = '';
    draw();
    path = before;
  };
  const text = (words: string, x: number, y: number) => {
    const size = Number(FONT.exec(style.font)?.[2] ?? 10);
    put(
      `<text x="${short(x)}" y="${short(y + size * BASELINES[style.textBaseline])}" text-anchor="${ANCHORS[style.textAlign]}" fill="${escaped(fillOf())}" ${fontAttributes(style.font)}${common()}>${escaped(words)}</text>`,
    );
  };
  const ellipse = (
    x: number,
    y: number,
    radiusX: number,
    radiusY: number,
    rotation: number,
    from: number,
    to: number,
    back = false,
  ) => {
    path += arcPath(path === '', { x, y, radiusX, radiusY, rotation, from, to, back });
  };
  const methods = {
    canvas,
    save: () => saved.push({ ...style }),
    restore: () => Object.assign(style, saved.pop() ?? {}),
    beginPath: () => {
      path = '';
    },
    closePath: () => {
      path += 'Z ';
    },
    moveTo: (x: number, y: number) => {
      path += `M${short(x)} ${short(y)} `;
    },
    lineTo: (x: number, y: number) => {
      path += `${path === '' ? 'M' : 'L'}${short(x)} ${short(y)} `;
    },
    bezierCurveTo: (...points: number[]) => {
      path += `C${points.map(short).join(' ')} `;
    },
    quadraticCurveTo: (...points: number[]) => {
      path += `Q${points.map(short).join(' ')} `;
    },
    arc: (x: number, y: number, radius: number, from: number, to: number, back = false) =>
      ellipse(x, y, radius, radius, 0, from, to, back),
    ellipse,
    rect,
    fill,
    stroke,
    clip: () => {
      style.clipId = `clip-${elements.length}`;
      elements.push(
        `<clipPath id="${style.clipId}"><path d="${path.trim()}"${placed(style.matrix)}/></clipPath>`,
      );
    },
    fillRect: (x: number, y: number, width: number, height: number) =>
      alone(() => {
        rect(x, y, width, height);
        fill();
      }),
    strokeRect: (x: number, y: number, width: number, height: number) =>
      alone(() => {
        rect(x, y, width, height);
        stroke();
      }),
    // Chart.js clears the whole before it draws it again: only the last drawing is wanted.
    clearRect: () => {
      elements.length = 0;
    },
    fillText: text,
    strokeText: () => undefined,
    measureText: (words: string) => {
      ruler.font = style.font;
      return ruler.measureText(words);
    },
    setLineDash: (dash: readonly number[]) => {
      style.lineDash = dash;
    },
    getLineDash: () => [...style.lineDash],
    translate: (x: number, y: number) => {
      style.matrix = style.matrix.translate(x, y);
    },
    rotate: (radians: number) => {
      style.matrix = style.matrix.rotate((radians * 180) / Math.PI);
    },
    setTransform: () => {
      style.matrix = new DOMMatrix();
    },
    resetTransform: () => {
      style.matrix = new DOMMatrix();
    },
  };
  const context = new Proxy(methods, {
    get: (target, key) => Reflect.get(key in style ? style : target, key),
    set: (_target, key, value) => Reflect.set(style, key, value),
  });
  return { context: context as unknown as CanvasRenderingContext2D, markup: () => elements.join('\n') };
}

interface Arc {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly rotation: number;
  readonly from: number;
  readonly to: number;
  readonly back: boolean;
}

/** A whole turn is drawn in two halves, since an arc whose ends meet is nothing in SVG. */
function arcPath(first: boolean, arc: Arc): string {
  const { x, y, radiusX, radiusY, rotation, from, to, back } = arc;
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  const at = (angle: number) => {
    const [u, v] = [radiusX * Math.cos(angle), radiusY * Math.sin(angle)];
    return `${short(x + u * cos - v * sin)} ${short(y + u * sin + v * cos)}`;
  };
  const whole = 2 * Math.PI;
  const raw = back ? from - to : to - from;
  const turn = raw >= whole - 1e-6 ? whole : ((raw % whole) + whole) % whole;
  const sign = back ? -1 : 1;
  const piece = (angle: number, length: number) =>
    `A${short(radiusX)} ${short(radiusY)} ${short((rotation * 180) / Math.PI)} ${length > Math.PI ? 1 : 0} ${back ? 0 : 1} ${at(angle + sign * length)} `;
  const begin = `${first ? 'M' : 'L'}${at(from)} `;
  return turn === whole
    ? `${begin}${piece(from, Math.PI)}${piece(from + sign * Math.PI, Math.PI)}`
    : `${begin}${piece(from, turn)}`;
}

function placed({ a, b, c, d, e, f, isIdentity }: DOMMatrix): string {
  return isIdentity ? '' : ` transform="matrix(${[a, b, c, d, e, f].map(short).join(' ')})"`;
}

/** A hundredth of a pixel is finer than anybody sees. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for SVG content and quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
