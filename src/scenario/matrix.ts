/** A matrix to its cells: every combination of its axes' values that is not excluded. */
import { isDeepStrictEqual } from 'node:util';
import type { PathStep } from './document.js';
import { isRecord } from './draft.js';
import { MATRIX_AXES, type MatrixAxis, type WrittenMatrix } from './matrix-schema.js';

/** One combination. */
export interface MatrixCell {
  /** Told behind each variant's name, such as `64KiB,4conns`; unique in the matrix, of characters that files may have. */
  readonly id: string;
  /** For each axis, its value in words. */
  readonly values: Readonly<Partial<Record<MatrixAxis, string>>>;
  /** For each axis, which of its values it has, from 0. */
  readonly positions: Readonly<Partial<Record<MatrixAxis, number>>>;
}

type Value = NonNullable<WrittenMatrix[MatrixAxis]>[number];

/** The section of the scenario in whose place the axis stands. */
export function sectionOfAxis(axis: MatrixAxis): 'workload' | 'load' {
  return axis === 'rate' ? 'load' : 'workload';
}

export function axesOf(matrix: WrittenMatrix): MatrixAxis[] {
  return MATRIX_AXES.filter((axis) => matrix[axis] !== undefined);
}

/** The cells, the last axis's values next to each other, and for each exclusion whether any cell fits it. */
export function cellsOf(matrix: WrittenMatrix): {
  readonly cells: readonly MatrixCell[];
  readonly excludes: readonly boolean[];
} {
  let combinations: Readonly<Partial<Record<MatrixAxis, number>>>[] = [{}];
  for (const axis of axesOf(matrix)) {
    const count = matrix[axis]?.length ?? 0;
    combinations = combinations.flatMap((one) =>
      Array.from({ length: count }, (_, position) => ({ ...one, [axis]: position })),
    );
  }
  const exclude = matrix.exclude ?? [];
  const fits = combinations.map((positions) =>
    exclude.map((named) =>
      MATRIX_AXES.every(
        (axis) =>
          named[axis] === undefined || isDeepStrictEqual(named[axis], valueIn(matrix, axis, positions)),
      ),
    ),
  );
  return {
    cells: combinations
      .filter((_, index) => fits[index]?.every((fit) => !fit))
      .map((positions) => cellAt(matrix, positions)),
    excludes: exclude.map((_, index) => fits.some((one) => one[index] === true)),
  };
}

function valueIn(
  matrix: WrittenMatrix,
  axis: MatrixAxis,
  positions: MatrixCell['positions'],
): Value | undefined {
  const position = positions[axis];
  return position === undefined ? undefined : matrix[axis]?.[position];
}

function cellAt(matrix: WrittenMatrix, positions: MatrixCell['positions']): MatrixCell {
  const named = axesOf(matrix).flatMap((axis) => {
    const value = valueIn(matrix, axis, positions);
    return value === undefined ? [] : [[axis, ...wordsOf(axis, value)] as const];
  });
  return {
    id: named.map(([, short]) => short).join(','),
    values: Object.fromEntries(named.map(([axis, , words]) => [axis, words])),
    positions,
  };
}

/** A value for the cell's id, and in words. */
function wordsOf(axis: MatrixAxis, value: Value): readonly [short: string, words: string] {
  switch (axis) {
    case 'protocol':
      return [String(value), String(value)];
    case 'responseBytes': {
      if (typeof value === 'number') return [bytesIn(value), bytesIn(value)];
      if (typeof value !== 'object' || !('min' in value)) return [String(value), String(value)];
      return [
        `${bytesIn(value.min)}-${bytesIn(value.max)}`,
        `${bytesIn(value.min)} to ${bytesIn(value.max)}`,
      ];
    }
    case 'streamChunks':
      return value === 'none' ? ['whole', 'in one piece'] : [`${value}chunks`, `in ${value} pieces`];
    case 'connections':
      return [`${value}conns`, String(value)];
    case 'connectionPerRequest':
      return value === true ? ['new', 'a new one for each request'] : ['kept', 'kept'];
    case 'slowClients': {
      if (typeof value !== 'object' || !('share' in value)) return ['noslow', 'none'];
      const share = `${Number((value.share * 100).toPrecision(4))}%`;
      const rate = bytesIn(value.readRate);
      return [`slow${share}x${rate}`, `${share} at ${rate}/s`];
    }
    case 'rate':
      return [`${value}rps`, `${value}/s`];
  }
}

/** `64KiB`: in the largest binary unit that divides it. */
function bytesIn(bytes: number): string {
  if (bytes > 0 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20}MiB`;
  if (bytes > 0 && bytes % 1024 === 0) return `${bytes / 1024}KiB`;
  return `${bytes}B`;
}

/** The scenario as it would be written for one cell alone: the axes' values in their sections, and no matrix. */
export function documentOfCell(
  value: Readonly<Record<string, unknown>>,
  cell: MatrixCell,
): Record<string, unknown> {
  const { matrix, ...rest } = value;
  const written: Record<string, unknown> = { ...rest };
  for (const axis of MATRIX_AXES) {
    const position = cell.positions[axis];
    const values: unknown = isRecord(matrix) ? matrix[axis] : undefined;
    if (position === undefined || !Array.isArray(values)) continue;
    const section = sectionOfAxis(axis);
    const own = written[section] ?? (section === 'workload' ? {} : undefined);
    if (!isRecord(own) || values[position] === 'none') continue;
    written[section] = { ...own, [axis]: values[position] as unknown };
  }
  return written;
}

/** Where a fault of a cell's document was written: at the axis's value where it has one. */
export function placeInMatrix(path: readonly PathStep[], cell: MatrixCell): readonly PathStep[] {
  const [section, key] = path;
  const axis = MATRIX_AXES.find((one) => one === key && sectionOfAxis(one) === section);
  const position = axis === undefined ? undefined : cell.positions[axis];
  return axis === undefined || position === undefined ? path : ['matrix', axis, position, ...path.slice(2)];
}
