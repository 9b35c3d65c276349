import { describe, expect, it } from 'vitest';
import { sharesOf } from './autocannon.js';

describe('sharesOf', () => {
  it.each([
    [7, 3, [3, 2, 2]],
    [16, 4, [4, 4, 4, 4]],
    [2, 5, [1, 1]],
    [9, 1, [9]],
  ])('shares %i connections out among %i processes', (connections, processes, shares) => {
    expect(sharesOf(connections, processes)).toEqual(shares);
  });
});
