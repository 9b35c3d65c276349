import { expect, it } from 'vitest';
import { versionAtLeast } from './dependencies.mjs';

it.each([
  ['20.19.0', '20.19', true],
  ['20.20.2', '20.19', true],
  ['20.9.0', '20.19', false],
  ['24.0.0', '20.19', true],
  ['1.26', '1.26.0', true],
  ['1.25.9', '1.26', false],
])('compares versions by number: %s is at least %s: %s', (version, minimum, expected) => {
  expect(versionAtLeast(version, minimum)).toBe(expected);
});
