/** A flame graph in the page: frames as elements that mouse, touch and keyboard reach. Names only ever become text. */
import { change, quantity, share } from '../../format.js';
import type { FlameChart } from '../../profile/flame-chart.js';
import {
  changeStep,
  type FlameMode,
  type FlameNode,
  originOf,
  type PlacedFrame,
  placeFrames,
  shortName,
  treeOf,
} from './layout.js';

const ROW_REM = 1.375;
/** Frames narrower than this cannot be seen or hit. */
const SMALLEST_PX = 2;
/** Narrower ones are shown without their name. */
const NAMED_PX = 26;

const STEP_CLASSES = ['less-3', 'less-2', 'less-1', 'same', 'more-1', 'more-2', 'more-3'];

export interface FlameView {
  /** Draws again, as after a change of the window's size. */
  draw(): void;
}

interface State {
  mode: FlameMode;
  focus: FlameNode;
  /** The frame that the keyboard is on. */
  current: FlameNode;
  wanted: string;
  frames: readonly PlacedFrame[];
  readonly elements: Map<FlameNode, HTMLElement>;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Fills the figure with the chart and its controls; null when there is nothing to draw. */
export function flameView(figure: HTMLElement, chart: FlameChart): FlameView | null {
  const root = treeOf(chart);
  if (root === null) return null;
  const state: State = {
    mode: chart.before === null ? 'after' : 'difference',
    focus: root,
    current: root,
    wanted: '',
    frames: [],
    elements: new Map(),
  };
  const surface = element('div', 'flame');
  surface.setAttribute('role', 'tree');
  surface.setAttribute('aria-label', `Flame graph: ${chart.title}; the tables below hold the largest`);
  const details = element('p', 'flame-details');
  details.setAttribute('aria-live', 'polite');

  const value = (amount: number) =>
    quantity(chart.unit === 'bytes' ? Math.round(amount) : amount, chart.unit);
  const describe = (node: FlameNode): string => {
    const per = chart.perRequest ? ' per request' : '';
    if (chart.before === null) {
      return `${value(node.after)}${per}, ${share(root.after === 0 ? 0 : node.after / root.after)} of all`;
    }
    const difference = node.after - node.before;
    const sign = difference < 0 ? '\u2212' : '+';
    const ratio = node.before > 0 ? ` (${change(node.after / node.before)})` : '';
    const chance = node.beyondChance ? '' : ', within chance';
    return `${chart.before} ${value(node.before)}, ${chart.after} ${value(node.after)}${per}: ${sign}${value(Math.abs(difference))}${ratio}${chance}`;
  };
  const tell = (node: FlameNode) => {
    const full = document.createElement('bdi');
    full.textContent = node.name;
    details.replaceChildren(full, document.createElement('br'), describe(node));
  };
  const zoom = (node: FlameNode) => {
    state.focus = node;
    state.current = node;
    draw();
    state.elements.get(node)?.focus({ preventScroll: true });
  };
  const moveTo = (node: FlameNode | null | undefined) => {
    const target = node == null ? undefined : state.elements.get(node);
    if (node == null || target === undefined) return;
    const old = state.elements.get(state.current);
    if (old !== undefined) old.tabIndex = -1;
    state.current = node;
    target.tabIndex = 0;
    target.focus();
  };

  const frameElement = (frame: PlacedFrame, widthPx: number): HTMLElement => {
    const { node } = frame;
    const step = changeStep(node, root);
    const compared = state.mode === 'difference';
    const made = element('div', `frame ${compared ? STEP_CLASSES[step + 3] : `from-${originOf(node)}`}`);
    if (widthPx >= NAMED_PX) {
      const mark = !compared || step === 0 ? '' : step < 0 ? '\u2212 ' : '+ ';
      made.textContent = mark + shortName(node.name);
    }
    if (node.depth < state.focus.depth) made.classList.add('above');
    if (state.wanted !== '' && node.name.toLowerCase().includes(state.wanted)) made.classList.add('found');
    made.setAttribute('role', 'treeitem');
    made.setAttribute('aria-level', String(node.depth + 1));
    made.setAttribute('aria-label', `${node.name}: ${describe(node)}`);
    made.tabIndex = node === state.current ? 0 : -1;
    made.style.left = `${frame.left * 100}%`;
    made.style.width = `${frame.width * 100}%`;
    made.style.top = `${frame.row * ROW_REM}rem`;
    made.addEventListener('click', () => zoom(node));
    made.addEventListener('focus', () => tell(node));
    made.addEventListener('mouseenter', () => tell(node));
    return made;
  };

  const draw = () => {
    const widthPx = surface.clientWidth;
    if (widthPx === 0) return;
    state.frames = placeFrames(state.focus, state.mode, SMALLEST_PX / widthPx);
    if (!state.frames.some(({ node }) => node === state.current)) state.current = state.focus;
    state.elements.clear();
    for (const frame of state.frames)
      state.elements.set(frame.node, frameElement(frame, frame.width * widthPx));
    surface.replaceChildren(...state.elements.values());
    const rows = Math.max(...state.frames.map(({ row }) => row)) + 1;
    surface.style.height = `${rows * ROW_REM}rem`;
    tell(state.current);
  };

  surface.addEventListener('keydown', (event) => {
    const target = keyTarget(event.key, state, root);
    if (target === null) return;
    event.preventDefault();
    if (event.key === 'Escape') zoom(root);
    else if (event.key === 'Enter' || event.key === ' ') zoom(state.current);
    else moveTo(target);
  });

  figure.append(
    controls(chart, state, draw, () => zoom(root)),
    surface,
    details,
  );
  return { draw };
}

/** The frame that a key leads to from the current one; null for keys that are not ours, or lead nowhere. */
function keyTarget(key: string, { current, frames }: State, root: FlameNode): FlameNode | null {
  const widthOf = (node: FlameNode) => frames.find((one) => one.node === node)?.width ?? 0;
  const row = frames.filter((one) => one.row === current.depth);
  const at = row.findIndex(({ node }) => node === current);
  switch (key) {
    case 'Enter':
    case ' ':
      return current;
    case 'Escape':
    case 'Home':
      return root;
    case 'ArrowUp':
      return current.parent;
    case 'ArrowDown':
      return current.children.reduce<FlameNode | null>(
        (widest, child) => (widthOf(child) > (widest === null ? 0 : widthOf(widest)) ? child : widest),
        null,
      );
    case 'ArrowLeft':
      return row[at - 1]?.node ?? null;
    case 'ArrowRight':
      return row[at + 1]?.node ?? null;
    default:
      return null;
  }
}

/** Buttons for what widths stand for, a field to find functions in, and one to go back to the whole. */
function controls(chart: FlameChart, state: State, draw: () => void, whole: () => void): HTMLElement {
  const box = element('div', 'legend flame-controls');
  if (chart.before !== null) {
    const modes: readonly (readonly [FlameMode, string])[] = [
      ['difference', 'difference'],
      ['before', `${chart.before} alone`],
      ['after', `${chart.after} alone`],
    ];
    const buttons = modes.map(([mode, label]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.mode = mode;
      button.textContent = label;
      button.addEventListener('click', () => {
        state.mode = mode;
        for (const one of buttons) one.setAttribute('aria-pressed', String(one === button));
        draw();
      });
      button.setAttribute('aria-pressed', String(mode === state.mode));
      return button;
    });
    box.append(...buttons);
  }
  const reset = document.createElement('button');
  reset.type = 'button';
  reset.textContent = 'show the whole';
  reset.addEventListener('click', whole);
  const label = element('label', 'flame-find', 'Mark functions with ');
  const field = document.createElement('input');
  field.type = 'search';
  field.addEventListener('input', () => {
    state.wanted = field.value.trim().toLowerCase();
    draw();
  });
  label.append(field);
  box.append(reset, label);
  return box;
}
