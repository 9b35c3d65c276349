/** Looks at call stacks for tests, from folded text as flame-graph tools write it: `outer;inner VALUE SAMPLES`. */
import type { ProcessStacks, StackKind, StacksRecord } from '../../record/index.js';

/** As of a plain sidecar, in bytes: a copy buffer for each body, and what both have. */
export const PLAIN_ALLOCATIONS = `
net/http.(*conn).serve;net/http/httputil.(*ReverseProxy).ServeHTTP;net/http/httputil.(*ReverseProxy).copyBuffer 32768000 2000
net/http.(*conn).serve;net/http/httputil.(*ReverseProxy).ServeHTTP;net/http.Header.Clone 1024000 64
net/http.(*conn).serve;net/http.(*conn).readRequest;net/textproto.readMIMEHeader 2048000 128
`;

/** The same of one that uses its buffers again. */
export const POOLED_ALLOCATIONS = `
net/http.(*conn).serve;net/http/httputil.(*ReverseProxy).ServeHTTP;meshmark/dataplane/internal/sidecar.(*bufferPool).Get 65536 4
net/http.(*conn).serve;net/http/httputil.(*ReverseProxy).ServeHTTP;net/http.Header.Clone 1040000 65
net/http.(*conn).serve;net/http.(*conn).readRequest;net/textproto.readMIMEHeader 2032000 127
`;

/** As of CPU, in ns: with the allocator and the collector on the stack. */
export const PLAIN_CPU = `
runtime.gcBgMarkWorker;runtime.systemstack;runtime.gcDrain;runtime.scanobject 400000000 40
net/http.(*conn).serve;net/http/httputil.(*ReverseProxy).copyBuffer;runtime.makeslice;runtime.mallocgc;runtime.memclrNoHeapPointers 300000000 30
net/http.(*conn).serve;internal/poll.(*FD).Write;syscall.write;internal/runtime/syscall.Syscall6 900000000 90
`;

/** The same of one that uses its buffers again. */
export const POOLED_CPU = `
runtime.gcBgMarkWorker;runtime.systemstack;runtime.gcDrain;runtime.scanobject 60000000 6
net/http.(*conn).serve;internal/poll.(*FD).Write;syscall.write;internal/runtime/syscall.Syscall6 880000000 88
`;

export interface LookOptions {
  readonly variant: string;
  readonly kind: StackKind;
  readonly role?: string;
  readonly round?: number;
  readonly requests?: number;
}

/** A look that found stacks given as frames, the outermost first. */
export function lookAt(
  stacks: readonly { readonly frames: readonly string[]; readonly value: number; readonly samples: number }[],
  options: LookOptions,
): StacksRecord {
  const functions = [...new Set(stacks.flatMap(({ frames }) => frames))];
  return lineOf(
    {
      seconds: 2,
      functions,
      stacks: stacks.map(({ frames, value, samples }) => ({
        frames: frames.map((frame) => functions.indexOf(frame)),
        value,
        samples,
      })),
    },
    options,
  );
}

/** A look that found what the folded text says. */
export function lookAtFolded(text: string, options: LookOptions): StacksRecord {
  const stacks = text
    .trim()
    .split('\n')
    .map((line) => {
      const [path = '', value, samples] = line.split(' ');
      return { frames: path.split(';'), value: Number(value), samples: Number(samples) };
    });
  return lookAt(stacks, options);
}

/** A look that was not answered. */
export function unanswered(options: LookOptions): StacksRecord {
  return { ...lineOf(null, options), requests: 0 };
}

function lineOf(found: ProcessStacks | null, options: LookOptions): StacksRecord {
  const { variant, kind, role = 'outbound', round = 0, requests = 1000 } = options;
  return {
    type: 'stacks',
    kind,
    round,
    replica: round,
    variant,
    role,
    pid: 1,
    startedAtMicros: 0,
    requests,
    found,
  };
}
