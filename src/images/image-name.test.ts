import { describe, expect, test } from 'vitest';
import { parseImageName } from './image-name.js';

describe('the name of an image at a registry', () => {
  test.each([
    ['registry.example/a', 'registry.example', 'a', '0.1.0'],
    ['registry.example:5000/team/data-plane:v1.2_3', 'registry.example:5000', 'team/data-plane', 'v1.2_3'],
    ['localhost/a__b.c/d--e:1', 'localhost', 'a__b.c/d--e', '1'],
    ['[::1]:5000/a:1', '[::1]:5000', 'a', '1'],
    ['docker.io/ann/dataplane', 'docker.io', 'ann/dataplane', '0.1.0'],
  ])('%s is read', (text, registry, repository, tag) => {
    expect(parseImageName(text, '0.1.0')).toEqual({ ok: true, name: { registry, repository, tag } });
  });

  test.each([
    ['dataplane', 'names no registry'],
    ['team/dataplane:1', 'names no registry'],
    ['https://registry.example/a', 'leave out what stands before'],
    ['registry.example:99999/a', 'is no host'],
    ['registry.example:0/a', 'is no host'],
    ['-a.example/a', 'is no host'],
    ['registry.example/', 'is no repository'],
    ['registry.example/Team', 'is no repository'],
    ['registry.example/a//b', 'is no repository'],
    ['registry.example/a/../b', 'is no repository'],
    ['registry.example/a?b', 'is no repository'],
    [`registry.example/${'a'.repeat(255)}`, 'is no repository'],
    ['registry.example/a:', 'is no tag'],
    ['registry.example/a:1:2', 'is no tag'],
    [`registry.example/a:${'1'.repeat(129)}`, 'is no tag'],
    ['', 'names no registry'],
  ])('%s is not, with the mend', (text, problem) => {
    expect(parseImageName(text, '0.1.0')).toMatchObject({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  });

  test('that holds a password is not repeated', () => {
    const parsed = parseImageName('ann:secret@registry.example/a', '1');
    expect(parsed).toMatchObject({ ok: false, problem: expect.not.stringContaining('secret') });
  });
});
