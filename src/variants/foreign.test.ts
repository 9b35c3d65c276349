import { describe, expect, it } from 'vitest';
import type { WrittenOptions } from './options.js';
import type { Surroundings } from './path.js';
import { resolveVariant } from './resolve.js';

const http1: Surroundings = {
  roles: ['outbound', 'inbound'],
  clusterOf: () => 'one',
  connections: 64,
  protocol: 'http1',
};
const claimsOf = (kind: string, options: WrittenOptions, surroundings = http1) =>
  resolveVariant({ id: kind, kind, options, command: null }, surroundings).claims;

describe('a proxy that people run', () => {
  it.each(['envoy', 'haproxy'])('claims what %s counts, hop by hop', (kind) => {
    expect(claimsOf(kind, { mtls: 'all', meshProtocol: 'h2' })).toEqual([
      'proxy-in-path',
      'upstream-reuse',
      'http1@outbound',
      'h2@inbound',
      'mtls@inbound',
    ]);
    const fresh = claimsOf(kind, { mtls: 'all', upstreamConnections: 'fresh', tls: { resumption: false } });
    expect(fresh).toEqual(
      expect.arrayContaining(['fresh-connections', 'handshakes@outbound', 'full@outbound']),
    );
  });

  it('claims no more than its place in the path where that is all that it counts', () => {
    expect(claimsOf('nginx', { mtls: 'all' })).toEqual(['proxy-in-path']);
    expect(claimsOf('haproxy', {}, { ...http1, protocol: 'tcp' })).toEqual(['proxy-in-path']);
  });

  it('needs its program', () => {
    const envoy = resolveVariant({ id: 'e', kind: 'envoy', options: {}, command: null }, http1);
    expect(envoy.needs).toEqual(['program:envoy']);
    expect(envoy.form).toMatchObject({ type: 'foreign', program: 'envoy', grpc: false });
  });
});

describe('a proxy with an accelerator', () => {
  const spec = (kind: string, options = {}) =>
    resolveVariant(
      { id: kind, kind, options, command: null },
      { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 16, protocol: 'http1' },
    );

  it('claims that the device was asked, where handshakes are made and not elsewhere', () => {
    const device = spec('qat-tls');
    expect(device.needs).toEqual(['quickassist']);
    expect(device.form).toMatchObject({ type: 'foreign', accelerator: 'quickassist' });
    expect(device.claims).toContain('qat-requests@outbound');
    expect(device.claims).not.toContain('qat-requests@inbound');
    expect(spec('qat-tls', { upstreamConnections: 'pooled' }).claims.join()).not.toContain('qat-requests');
  });

  it('claims no device where there is none', () => {
    expect(spec('cryptomb-tls').claims.join()).not.toContain('qat-requests');
    expect(spec('cryptomb-tls').form).toMatchObject({ accelerator: 'multi-buffer' });
    expect(spec('envoy').form).toMatchObject({ accelerator: null });
  });
});
