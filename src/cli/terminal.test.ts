import { describe, expect, it } from 'vitest';
import { plainText, textTable } from './terminal.js';

describe('plainText', () => {
  it('takes escape sequences, control characters and direction overrides out of untrusted text', () => {
    expect(plainText('a\u001b[31mred\u001b[0m b\u0007c\u202ed')).toBe('ared b c d');
  });

  it('leaves ordinary text in any language alone', () => {
    expect(plainText('größer – 日本語')).toBe('größer – 日本語');
  });
});

describe('textTable', () => {
  it('pads the first column on its right and the others on their left', () => {
    expect(
      textTable([
        ['name', 'value'],
        ['a', '12'],
      ]),
    ).toEqual(['name  value', 'a        12']);
  });

  it('pads by the text and not by its colour', () => {
    const painted = textTable(
      [
        ['ab', 'x'],
        ['c', 'y'],
      ],
      (cell) => (cell === 'c' ? `<${cell}>` : cell),
    );
    expect(painted).toEqual(['ab  x', '<c>   y']);
  });
});
