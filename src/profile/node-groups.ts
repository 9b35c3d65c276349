/** Kinds of work of stacks in Node.js, by the files that its functions are in. */

const COLLECTION = /garbage collector|^\(GC\)|Heap::|Scavenger|MarkCompact/;
/** What libc is asked for by name; its other functions have none here. */
const SYSTEM_CALLS =
  /^_*(writev?|readv?|pread|pwrite|sendmsg|recvmsg|send|recv|accept4?|connect|shutdown|close|epoll_\w+|futex|pthread_\w+|syscall|mmap|munmap|madvise)(64)? \[native\]$/;

/** The innermost function with a file tells. */
const FILES = [
  ['buffer allocation', / node:(internal\/)?buffer$|buffer-pool\.js$/],
  ['HTTP/1.1 and headers', / node:(_http\w*|http|internal\/http)$| node-sidecar\/(headers|answer-\w+)\.js$/],
  [
    'sockets',
    / node:(net|dns|internal\/(net|stream_base_commons|dgram))$|(pooled-reader|upstream-connections)\.js$/,
  ],
  ['proxying', / node-sidecar\//],
  [
    'streams and events',
    / node:(stream|events|internal\/(streams\/[\w-]+|event_target|abort_controller|webstreams\/[\w-]+))$/,
  ],
  [
    'scheduling and polling',
    / node:(timers|async_hooks|internal\/(timers|async_hooks|process\/[\w-]+|promises|linkedlist|priority_queue))$/,
  ],
] as const;

type NodeGroup = 'garbage collection' | 'system calls' | (typeof FILES)[number][0] | 'everything else';

export function nodeGroupOf(stack: readonly string[]): NodeGroup {
  if (stack.some((frame) => COLLECTION.test(frame))) return 'garbage collection';
  if (SYSTEM_CALLS.test(stack.at(-1) ?? '')) return 'system calls';
  for (const frame of stack.slice(1).reverse()) {
    for (const [group, files] of FILES) if (files.test(frame)) return group;
  }
  return 'everything else';
}
