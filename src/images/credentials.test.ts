import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { dockerCredentials } from './credentials.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-docker-'));
const file = join(folder, 'config.json');
beforeEach(() => {
  vi.stubEnv('DOCKER_CONFIG', folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const auth = (pair: string) => ({ auth: Buffer.from(pair).toString('base64') });

describe('what docker login has stored', () => {
  test.each([
    ['registry.example:5000', 'registry.example:5000'],
    ['https://registry.example:5000', 'registry.example:5000'],
    ['https://registry.example:5000/v2/', 'registry.example:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
  ])('under %s is for %s', (key, registry) => {
    writeFileSync(file, JSON.stringify({ auths: { [key]: auth('ann:a:b') }, credsStore: 'desktop' }));
    expect(dockerCredentials(registry)).toEqual({ user: 'ann', password: 'a:b' });
    expect(dockerCredentials('registry.example')).toBeNull();
  });

  test('may be a user and a password apart', () => {
    writeFileSync(file, JSON.stringify({ auths: { 'a.example': { username: 'ann', password: 'x' } } }));
    expect(dockerCredentials('a.example')).toEqual({ user: 'ann', password: 'x' });
  });

  test('is nobody where a helper keeps it, or nothing is stored', () => {
    writeFileSync(file, JSON.stringify({ auths: { 'a.example': {} }, credsStore: 'desktop' }));
    expect(dockerCredentials('a.example')).toBeNull();
    writeFileSync(file, '{}');
    expect(dockerCredentials('a.example')).toBeNull();
    rmSync(file);
    expect(dockerCredentials('a.example')).toBeNull();
  });

  test.each(['{"auths": {"a.example": {"auth": "c2VjcmV0", ', '{"auths": {"a.example": "c2VjcmV0"}}'])(
    'in a file that is malformed is not repeated',
    (text) => {
      writeFileSync(file, text);
      expect(() => dockerCredentials('a.example')).toThrow(/config\.json is no configuration of Docker/);
      expect(() => dockerCredentials('a.example')).not.toThrow(/c2VjcmV0/);
    },
  );
});
