/** What a matrix must agree on with itself and with the rest of the scenario. */
import { isDeepStrictEqual } from 'node:util';
import type { Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';
import { axesOf, cellsOf, sectionOfAxis } from './matrix.js';
import { MATRIX_AXES, MATRIX_EXAMPLE, type WrittenMatrix } from './matrix-schema.js';

/** More cells than this are no comparison that anybody reads. */
const MOST_CELLS = 64;
/** Each variant of each cell is up to four processes that stand at the same time. */
const MOST_CELL_VARIANTS = 100;

/** Every disagreement of a matrix whose values are right by themselves, apart from those inside its cells. */
export function matrixDisagreements(
  matrix: WrittenMatrix,
  draft: Draft,
  isWritten: IsWritten,
): readonly Disagreement[] {
  const axes = axesOf(matrix);
  const at = (path: Disagreement['path'], message: string): Disagreement => ({ path, message });
  if (axes.length === 0) return [at(['matrix'], `\`matrix\` needs an axis, such as \`${MATRIX_EXAMPLE}\``)];
  const found: Disagreement[] = [];
  for (const axis of axes) {
    const section = sectionOfAxis(axis);
    if (isWritten([section, axis])) {
      found.push(
        at(
          [section, axis],
          `\`${section}.${axis}\` is an axis of \`matrix\`, whose values take its place; leave it out here`,
        ),
      );
    }
    const values: readonly unknown[] = matrix[axis] ?? [];
    values.forEach((value, position) => {
      if (values.findIndex((one) => isDeepStrictEqual(one, value)) < position)
        found.push(at(['matrix', axis, position], `\`matrix.${axis}\` has this value twice; leave one out`));
    });
  }
  if (
    matrix.rate !== undefined &&
    draft.load?.model !== 'open' &&
    !(draft.load === null && isWritten(['load']))
  ) {
    found.push(at(['matrix', 'rate'], '`matrix.rate` is of the open model; add `load: {model: open}`'));
  }
  (matrix.exclude ?? []).forEach((named, index) => {
    for (const axis of MATRIX_AXES) {
      if (named[axis] === undefined || axes.includes(axis)) continue;
      found.push(
        at(
          ['matrix', 'exclude', index, axis],
          `\`matrix.exclude\` names \`${axis}\`, which is no axis of this matrix; its axes are ${axes.map((one) => `\`${one}\``).join(', ')}`,
        ),
      );
    }
  });
  return found.length > 0 ? found : [...cellFaults(matrix, draft), ...companionFaults(draft)];
}

function cellFaults(matrix: WrittenMatrix, draft: Draft): Disagreement[] {
  const { cells, excludes } = cellsOf(matrix);
  const variants = Math.max(1, draft.variants.length);
  const idle = excludes.flatMap((excluded, index) =>
    excluded
      ? []
      : [
          {
            path: ['matrix', 'exclude', index],
            message: '`matrix.exclude` has an entry that no cell fits; correct its values or leave it out',
          },
        ],
  );
  if (idle.length > 0) return idle;
  if (cells.length === 0)
    return [{ path: ['matrix', 'exclude'], message: '`matrix.exclude` leaves no cell; exclude fewer' }];
  if (cells.length === 1) {
    return [
      {
        path: ['matrix'],
        message:
          '`matrix` has only one cell; give an axis another value, or write the values into `workload` and leave `matrix` out',
      },
    ];
  }
  const most = Math.min(MOST_CELLS, Math.floor(MOST_CELL_VARIANTS / variants));
  return cells.length <= most
    ? []
    : [
        {
          path: ['matrix'],
          message: `\`matrix\` has ${cells.length} cells, and at most ${most} can stand beside each other with ${variants} ${variants === 1 ? 'variant' : 'variants'}; leave some out by \`exclude\``,
        },
      ];
}

/** Sections that speak of one workload. */
function companionFaults({ top, load, crossCheck }: Draft): Disagreement[] {
  const found: Disagreement[] = [];
  const refuse = (when: boolean, path: Disagreement['path'], message: string) => {
    if (when) found.push({ path, message });
  };
  refuse(
    top.ablation !== undefined,
    ['ablation'],
    '`ablation` takes one workload apart and `matrix` has several; leave one of them out',
  );
  refuse(
    top.offloadCeiling !== undefined,
    ['offloadCeiling'],
    '`offloadCeiling` is of one workload and `matrix` has several; leave one of them out',
  );
  refuse(
    load?.driver === 'k6',
    ['load', 'driver'],
    'a matrix needs a driver that can take several workloads; use `driver: loadgen` or `autocannon`',
  );
  refuse(
    crossCheck?.driver === 'k6',
    ['crossCheck', 'driver'],
    'k6 can check one workload and `matrix` has several; use `driver: autocannon` or leave `crossCheck` out',
  );
  return found;
}
