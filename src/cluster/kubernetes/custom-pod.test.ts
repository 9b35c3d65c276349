import { describe, expect, it } from 'vitest';
import { NO_CUSTOM_SETTINGS } from '../../variants/index.js';
import type { CustomForm } from '../custom.js';
import { asksForIdentity, customContainer } from './custom-pod.js';
import { podManifest } from './manifests.js';

function form(command: readonly string[], settings: Partial<CustomForm['settings']> = {}): CustomForm {
  return {
    type: 'custom',
    command,
    settings: { ...NO_CUSTOM_SETTINGS, ...settings },
    roles: ['outbound', 'inbound'],
  };
}

const outbound = (one: CustomForm) => customContainer(one, 'outbound', '127.0.0.1', '10.0.0.1:8443');

function manifestOf(one: CustomForm) {
  const plan = { side: 'client', name: 'client', containers: [outbound(one)], port: null } as const;
  const identity = {
    ...{ run: 'ab12', variant: 'v', namespace: 'n', name: 'p', secret: 's', longestSeconds: 900 },
    ...{ nativeSidecars: true, everyNamespace: true, node: null },
  };
  const { spec } = podManifest(plan, identity, {
    ...{ image: 'ours:1', imagePullPolicy: 'Never', pullSecrets: [], clientNodes: {}, serviceNodes: {} },
    ...{ cpuRequest: '50m', memoryLimit: '256Mi' },
  });
  const container = spec?.initContainers?.find(({ name }) => name === 'outbound');
  if (container === undefined) throw new Error('no proxy in the pod');
  return container;
}

describe('a proxy of the user’s own as a container', () => {
  it('is told its addresses in the pod, by its command and its environment', () => {
    const { argv, env } = outbound(
      form(['/proxy', '{listen}', '{role}', '{key}', '{directory}'], {
        env: { TO: '{upstreamHost} {upstreamPort}', ADMIN: '{admin}', KEPT: '{other}' },
      }),
    );
    expect(argv).toEqual([
      ...['/proxy', '127.0.0.1:8443', 'outbound', '/etc/meshmark/outbound.key', '/run/meshmark'],
    ]);
    expect(env).toEqual({ TO: '10.0.0.1 8443', ADMIN: '127.0.0.1:9702', KEPT: '{other}' });
  });

  it('is made from meshmark’s image, or from one of its own that may write where it is', () => {
    const ours = manifestOf(form(['/proxy', '{listen}', '{upstream}']));
    expect(ours).toMatchObject({ image: 'ours:1', securityContext: { readOnlyRootFilesystem: true } });
    const theirs = manifestOf(form([], { image: 'proxy:1', env: { A: '{listen}', B: '{upstream}' } }));
    expect(theirs).toMatchObject({
      image: 'proxy:1',
      securityContext: { readOnlyRootFilesystem: false, capabilities: { drop: ['ALL'] } },
    });
    expect(theirs.command).toBeUndefined();
  });

  it('is asked for its figures at the port of their address, wherever that is', () => {
    const at = (url: string) => {
      const { adminPort, source } = outbound(
        form(['/proxy', '{listen}', '{upstream}'], { metrics: { url, map: { requests: ['a'] } } }),
      );
      return [adminPort, source !== undefined && 'url' in source ? source.url : null];
    };
    expect(at('http://{admin}/metrics')).toEqual([9702, 'http://127.0.0.1:9702/metrics']);
    expect(at('http://localhost/stats')).toEqual([80, 'http://localhost/stats']);
    expect(at('http://a:port/')).toEqual([null, 'http://a:port/']);
    expect(outbound(form(['/proxy', '{listen}', '{upstream}'])).adminPort).toBeNull();
  });

  it('is asked whether it is ready at its admin port where it was told of one', () => {
    const ready = { type: 'http', path: '/up', status: 204 } as const;
    expect(outbound(form(['/proxy', '{listen}', '{adminPort}'], { ready })).ready).toEqual({
      ...{ port: 9702, path: '/up', status: 204 },
    });
    expect(outbound(form(['/proxy', '{listen}'], { ready })).ready?.port).toBe(8443);
    expect(outbound(form(['/proxy', '{listen}'], { ready: { type: 'tcp' } })).ready).toBeUndefined();
  });

  it('has an identity and a folder only where it asks for one', () => {
    expect(asksForIdentity(form(['/proxy', '{listen}']))).toBe(false);
    expect(asksForIdentity(form(['/proxy'], { env: { CA: '{ca}' } }))).toBe(true);
    expect(outbound(form(['/proxy', '{listen}'])).folder).toBeUndefined();
    expect(outbound(form(['/proxy', '{directory}'])).folder).toEqual({ files: {}, secrets: {} });
  });
});
