import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { isStanding, troubleOf, waitsFor } from './pod-state.js';

const spec = {
  containers: [{ name: 'service' }],
  initContainers: [{ name: 'agent', restartPolicy: 'Always' }],
};
const running = (name: string, started = true) => ({
  name,
  ready: true,
  image: '',
  imageID: '',
  restartCount: 0,
  started,
  state: { running: {} },
});

function pod(status: V1Pod['status'], metadata: V1Pod['metadata'] = {}): V1Pod {
  return { metadata, spec, ...(status === undefined ? {} : { status }) };
}

describe('a pod', () => {
  it('stands when all its containers, those beside it too, have started', () => {
    const all = { containerStatuses: [running('service')], initContainerStatuses: [running('agent')] };
    expect(isStanding(pod({ phase: 'Running', ...all }))).toBe(true);
    expect(isStanding(pod({ phase: 'Running', containerStatuses: [running('service')] }))).toBe(false);
    const starting = { ...all, initContainerStatuses: [running('agent', false)] };
    expect(isStanding(pod({ phase: 'Running', ...starting }))).toBe(false);
    expect(waitsFor(pod({ phase: 'Running', ...starting }))).toBe('waiting for agent (not started)');
  });

  it('stands once what only prepared it has ended well, and never when that failed', () => {
    const ended = (exitCode: number) => ({
      ...running('mesh-init', false),
      state: { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } },
    });
    const prepared = (exitCode: number): V1Pod => ({
      metadata: {},
      spec: { ...spec, initContainers: [{ name: 'mesh-init' }, ...spec.initContainers] },
      status: {
        phase: exitCode === 0 ? 'Running' : 'Failed',
        containerStatuses: [running('service')],
        initContainerStatuses: [ended(exitCode), running('agent')],
      },
    });
    expect(isStanding(prepared(0))).toBe(true);
    expect(troubleOf(prepared(0))).toBeNull();
    expect(troubleOf(prepared(1))).toBe('mesh-init ended: exit code 1 (Error)');
  });

  it('is in no trouble while it may still come', () => {
    const creating = { ...running('service'), state: { waiting: { reason: 'ContainerCreating' } } };
    expect(troubleOf(pod(undefined))).toBeNull();
    expect(troubleOf(pod({ phase: 'Pending', containerStatuses: [creating] }))).toBeNull();
  });

  it.each([
    [
      { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
      'its pod was ended by the cluster: Evicted (The node was low on resource: memory.)',
    ],
    [
      {
        containerStatuses: [
          { ...running('inbound'), state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
        ],
      },
      'inbound ended: it was killed for using more memory than its limit (OOMKilled)',
    ],
    [
      {
        initContainerStatuses: [
          {
            ...running('inbound'),
            restartCount: 1,
            lastState: { terminated: { exitCode: 2, reason: 'Error' } },
          },
        ],
      },
      'inbound ended: exit code 2 (Error)',
    ],
    [
      {
        containerStatuses: [
          { ...running('service'), state: { waiting: { reason: 'ErrImagePull', message: 'no such host' } } },
        ],
      },
      'service does not start: ErrImagePull: no such host',
    ],
  ])('is in trouble: %j', (status, expected) => {
    expect(troubleOf(pod(status))).toBe(expected);
  });

  it('is in trouble when somebody takes it away', () => {
    expect(troubleOf(pod({ phase: 'Running' }, { deletionTimestamp: new Date() }))).toBe(
      'its pod was deleted by somebody',
    );
  });

  it('says what no node has', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' },
    ];
    expect(waitsFor(pod({ phase: 'Pending', conditions }))).toBe('no node takes it: 0/1 nodes are available');
  });
});
