/** Kinds of work that a call stack does, by its functions: what a reader knows by name sooner than a function. */
import type { StackKind } from '../record/index.js';
import { nodeGroupOf } from './node-groups.js';
import { perfGroupOf, perfOwnFunction } from './perf-groups.js';

export const GROUPS = [
  'garbage collection',
  'buffer allocation',
  'other allocation',
  'cryptography',
  'system calls',
  'sockets',
  'scheduling and polling',
  'copying memory',
  'locks',
  'HTTP/2, HTTP/3 and gRPC',
  'HTTP/1.1 and headers',
  'proxying',
  'streams and events',
  'network in the kernel',
  'eBPF',
  'elsewhere in the kernel',
  'code without symbols',
  'everything else',
] as const;
export type Group = (typeof GROUPS)[number];

/** Functions whose allocations are buffers that bytes pass through. */
const BUFFERS =
  /^(net\/http\/httputil\.\(\*ReverseProxy\)\.copyBuffer|io\.(copyBuffer|Copy|CopyBuffer|ReadAll)|bufio\.New|bytes\.(growSlice|\(\*Buffer\)\.(grow|ReadFrom))|meshmark\/dataplane\/internal\/sidecar\.\(\*bufferPool\)\.Get|golang\.org\/x\/net\/http2\.\(\*dataBuffer|net\/http\.(newBufioReader|newBufioWriterSize|getCopyBuf|\(\*http2dataBuffer|http2getDataBufferChunk|http2\(\*dataBuffer)|meshmark\/dataplane\/internal\/lean\.\(?\*?\w*\)?\.?\w*[bB]uffer)/;
const COLLECTION =
  /^runtime\.(gcBgMarkWorker|gcAssistAlloc|gcDrain|gcStart|bgsweep|bgscavenge|sweepone|markroot|scanobject|scanblock|gcMark|gcSweep|\(\*sweepLocked\)|wbBufFlush|gcWriteBarrier|\(\*mheap\)\.reclaim|GC\b)/;
const ALLOCATION =
  /^runtime\.(mallocgc|newobject|makeslice|growslice|makechan|makemap|newproc1?|malg|rawstring|rawbyteslice|slicebytetostring|stringtoslicebyte|concatstring)/;
const CRYPTOGRAPHY =
  /^(crypto\/|vendor\/golang\.org\/x\/crypto\/|golang\.org\/x\/crypto\/|math\/big\.|hash\/|encoding\/asn1\.)/;
const SYSTEM_CALLS =
  /^(internal\/runtime\/syscall\.|internal\/runtime\/syscall\/|syscall\.(Syscall|RawSyscall|read|write|syscall)|runtime\.((re)?entersyscall|exitsyscall|futex|usleep|epollwait|netpollopen|madvise|write1|read)\b|golang\.org\/x\/sys\/unix\.(Syscall|RawSyscall))/;
const SCHEDULING =
  /^runtime\.(schedule|findRunnable|park_m|mcall|gopark|goready|ready|wakep|startm|stopm|netpoll|mstart|notesleep|notewakeup|futexsleep|futexwakeup|sysmon|goexit0|gosched|runqgrab|stealWork|resetspinning|timer|checkTimers|\(\*timer|selectgo|chan|send|recv|osyield|lock2|unlock2|stackalloc|newstack|copystack|morestack)/;
const COPYING = /^(runtime\.(memmove|memclr|typedmemmove|memequal)|bytes\.(\(\*Buffer\)|\(\*Reader\)))/;
const LOCKS =
  /^(sync\/atomic\.|sync\.\(\*(Mutex|RWMutex|Cond|WaitGroup|Once)\)|internal\/sync\.|runtime\.sema)/;
const SOCKETS = /^(net\.|internal\/poll\.|os\.\(\*File\))/;
const NEWER_HTTP =
  /^(golang\.org\/x\/net\/http2|net\/http\.\(?\*?http2|github\.com\/quic-go\/|google\.golang\.org\/grpc|net\/http\/internal\/http2)/;
const OLDER_HTTP =
  /^(net\/http\.|net\/textproto\.|bufio\.|net\/url\.|mime|meshmark\/dataplane\/internal\/lean)/;
const PROXYING = /^(net\/http\/httputil\.|meshmark\/dataplane\/|io\.)/;

/** Of Go, or beneath V8, whose native code carries a mark. */
const isRuntime = (frame: string) =>
  /^(runtime|internal\/runtime\/\w+|internal\/abi|internal\/bytealg)\./.test(frame) ||
  frame.endsWith(' [native]');

/**
 * What a stack of a kind of profile does. Stacks of allocations end in what allocates; elsewhere the allocator is itself on
 * the stack. Goroutines that stand somewhere stand in the scheduler, which says nothing of why.
 */
export function groupOf(stack: readonly string[], kind: StackKind): Group {
  if (kind === 'node-cpu' || kind === 'node-heap') return nodeGroupOf(stack);
  if (kind === 'perf-cpu') return perfGroupOf(stack) ?? goGroupOf(stack, kind);
  return goGroupOf(stack, kind);
}

function goGroupOf(stack: readonly string[], kind: StackKind): Group {
  const frames =
    kind === 'goroutines' ? stack.slice(0, stack.findLastIndex((frame) => !isRuntime(frame)) + 1) : stack;
  const innermostFirst = [...frames].reverse();
  const innermost = innermostFirst[0] ?? '';
  if (frames.some((frame) => COLLECTION.test(frame))) return 'garbage collection';
  if (kind === 'allocations' || frames.some((frame) => ALLOCATION.test(frame))) {
    const allocator = ownFunction(frames);
    return BUFFERS.test(allocator) ? 'buffer allocation' : 'other allocation';
  }
  if (innermostFirst.some((frame) => CRYPTOGRAPHY.test(frame))) return 'cryptography';
  if (SYSTEM_CALLS.test(innermost) || SYSTEM_CALLS.test(ownFunction(frames))) return 'system calls';
  if (COPYING.test(innermost)) return 'copying memory';
  if (SCHEDULING.test(innermost)) return 'scheduling and polling';
  for (const frame of innermostFirst) {
    if (LOCKS.test(frame)) return 'locks';
    if (SOCKETS.test(frame)) return 'sockets';
    if (NEWER_HTTP.test(frame)) return 'HTTP/2, HTTP/3 and gRPC';
    if (OLDER_HTTP.test(frame)) return 'HTTP/1.1 and headers';
    if (PROXYING.test(frame)) return 'proxying';
  }
  return isRuntime(innermost) && frames.every((frame, at) => at === 0 || isRuntime(frame))
    ? 'scheduling and polling'
    : 'everything else';
}

/**
 * The function that a stack's work is called by: the innermost that perf saw, elsewhere that which the work is done for, in a
 * table of functions. The first frame is the role.
 */
export function functionOf(frames: readonly string[], kind: StackKind): string {
  return kind === 'perf-cpu' ? perfOwnFunction(frames) : ownFunction(frames);
}

/** The innermost that is not of the runtime, whose part the work of the runtime then is; the outermost where all are. */
export function ownFunction(frames: readonly string[]): string {
  for (let at = frames.length - 1; at > 0; at -= 1) {
    const frame = frames[at] ?? '';
    if (!isRuntime(frame)) return frame;
  }
  return frames[1] ?? '(no stack)';
}
