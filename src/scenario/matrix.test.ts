import { describe, expect, test } from 'vitest';
import { cellsOf, documentOfCell, placeInMatrix } from './matrix.js';
import { matrixSchema } from './matrix-schema.js';
import { parseScenario } from './parse.js';

const idsOf = (matrix: unknown) => cellsOf(matrixSchema.parse(matrix)).cells.map(({ id }) => id);

const scenarioWith = (matrix: string, rest = '') => `schema: meshmark.scenario/1
name: x
workload: {protocol: http1}
load: {model: open, rate: 100/s}
${matrix}
slices: {duration: 2s}
variants: [{id: direct}, {id: plain}, {id: pooled-buffer}]
baseline: plain
${rest}`;

function parsed(text: string) {
  const read = parseScenario(text, 'x.yaml');
  if (!read.ok) throw new Error(read.faults.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return read.scenario;
}

function faultsOf(text: string): string[] {
  const read = parseScenario(text, 'x.yaml');
  return read.ok ? [] : read.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('cells of a matrix', () => {
  test('are all combinations, in the order of the axes and of their values', () => {
    expect(idsOf({ connections: [4, 64], responseBytes: ['1KiB', '64KiB'] })).toEqual([
      '1KiB,4conns',
      '1KiB,64conns',
      '64KiB,4conns',
      '64KiB,64conns',
    ]);
  });

  test('leave out what fits an exclusion, however its value is written', () => {
    const matrix = {
      responseBytes: ['1KiB', '1MiB'],
      connections: [4, 64],
      exclude: [{ responseBytes: '1024KiB', connections: 64 }],
    };
    expect(idsOf(matrix)).toEqual(['1KiB,4conns', '1KiB,64conns', '1MiB,4conns']);
  });

  test('tell exclusions that no cell fits', () => {
    const matrix = matrixSchema.parse({
      connections: [4, 8],
      exclude: [{ connections: 16 }, { connections: 4 }],
    });
    expect(cellsOf(matrix).excludes).toEqual([false, true]);
  });

  test('have names that tell every kind of value and may be names of files', () => {
    const ids = idsOf({
      protocol: ['h2'],
      responseBytes: [{ min: '1KiB', max: '64KiB' }],
      streamChunks: ['none', 16],
      connectionPerRequest: [true],
      slowClients: ['none', { share: '10%', readRate: '64KiB/s' }],
      rate: ['800/s'],
    });
    expect(ids).toEqual([
      'h2,1KiB-64KiB,whole,new,noslow,800rps',
      'h2,1KiB-64KiB,whole,new,slow10%x64KiB,800rps',
      'h2,1KiB-64KiB,16chunks,new,noslow,800rps',
      'h2,1KiB-64KiB,16chunks,new,slow10%x64KiB,800rps',
    ]);
  });

  test('stand in place of the sections’ own values, and `none` for nothing', () => {
    const document = {
      name: 'x',
      workload: { protocol: 'h2' },
      load: { model: 'open' },
      matrix: { streamChunks: ['none', 16], rate: ['1/s', '2/s'] },
    };
    const { cells } = cellsOf(matrixSchema.parse(document.matrix));
    expect(cells.map((cell) => documentOfCell(document, cell))).toEqual([
      { name: 'x', workload: { protocol: 'h2' }, load: { model: 'open', rate: '1/s' } },
      { name: 'x', workload: { protocol: 'h2' }, load: { model: 'open', rate: '2/s' } },
      { name: 'x', workload: { protocol: 'h2', streamChunks: 16 }, load: { model: 'open', rate: '1/s' } },
      { name: 'x', workload: { protocol: 'h2', streamChunks: 16 }, load: { model: 'open', rate: '2/s' } },
    ]);
  });

  test('put a fault at the axis’s value, and others where they were written', () => {
    const [, cell] = cellsOf(matrixSchema.parse({ rate: ['1/s', '2/s'], protocol: ['h2'] })).cells;
    if (cell === undefined) throw new Error('no cell');
    expect(placeInMatrix(['load', 'rate'], cell)).toEqual(['matrix', 'rate', 1]);
    expect(placeInMatrix(['workload', 'protocol'], cell)).toEqual(['matrix', 'protocol', 0]);
    expect(placeInMatrix(['workload', 'rate'], cell)).toEqual(['workload', 'rate']);
    expect(placeInMatrix(['variants', 2], cell)).toEqual(['variants', 2]);
  });
});

describe('a scenario with a matrix', () => {
  test('has a workload and a load for each cell, and the first as its own', () => {
    const { cells, workload } = parsed(
      scenarioWith('matrix: {responseBytes: [1KiB, 64KiB], connectionPerRequest: [false, true]}'),
    );
    expect(
      cells.map((cell) => [cell.id, cell.workload.responseBytes.max, cell.workload.connectionPerRequest]),
    ).toEqual([
      ['1KiB,kept', 1024, false],
      ['1KiB,new', 1024, true],
      ['64KiB,kept', 65_536, false],
      ['64KiB,new', 65_536, true],
    ]);
    expect(cells[2]?.values).toEqual({ responseBytes: '64KiB', connectionPerRequest: 'kept' });
    expect(workload).toEqual(cells[0]?.workload);
    expect(parsed(scenarioWith('')).cells).toEqual([]);
  });

  test('has rates of its own in an open model', () => {
    const text = scenarioWith('matrix: {rate: [100/s, 400/s]}').replace(', rate: 100/s', '');
    expect(parsed(text).cells.map(({ load }) => load)).toMatchObject([
      { ratePerSecond: 100 },
      { ratePerSecond: 400 },
    ]);
  });

  test('is told which value a fault of one cell is about, once for all cells that share it', () => {
    const text = scenarioWith(
      'matrix: {protocol: [http1, grpc], connectionPerRequest: [false, true]}',
    ).replace('{protocol: http1}', '{}');
    expect(faultsOf(text)).toEqual([
      '5:65 in the cell `grpc,new`: gRPC keeps its connections; use `protocol: http1` or `h2`',
    ]);
    const wrong = faultsOf(scenarioWith('matrix: {connections: [4, 8]}', 'compare: [[plain, nobody]]'));
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(/^9:19 no variant has the id `nobody`/);
  });
});
