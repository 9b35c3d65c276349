/**
 * A sidecar in Node.js: it forwards HTTP/1.1 requests or TCP connections to one upstream, as the data plane's Go
 * sidecar does, so that V8's garbage collector can be compared with Go's. A process of its own, started as
 *
 *     node dist/node-sidecar/main.js --role outbound --upstream 127.0.0.1:41234 --buffers pooled
 *
 * It prints one line with its addresses once both ports accept, and ends with 0 on SIGTERM and SIGINT, 2 after a mistake in
 * its options and 1 when a port cannot be had.
 */
import type { Server } from 'node:net';
import { createAdminPort } from './admin-port.js';
import { createOffHeap } from './allocation.js';
import { createClientSide, type Parts } from './client-side.js';
import { createCounters } from './counters.js';
import { drainOnInterrupt } from './drain.js';
import { createFaultLog } from './fault-log.js';
import { createPooledForwarder } from './http-pooled.js';
import { createStreamsForwarder } from './http-streams.js';
import { type Address, formatAddress, type Options, parseOptions, USAGE } from './options.js';
import { createRuntimeReader } from './runtime.js';
import { createTcpPooled } from './tcp-pooled.js';
import { createTcpStreams } from './tcp-streams.js';

function createTraffic(options: Options, parts: Parts): Server {
  if (options.protocol === 'tcp')
    return options.buffers === 'pooled' ? createTcpPooled(parts) : createTcpStreams(parts);
  const forward =
    options.buffers === 'pooled'
      ? createPooledForwarder(options.idleUpstreamConnections, parts)
      : createStreamsForwarder(options.idleUpstreamConnections, parts);
  return createClientSide(forward, parts);
}

/** Resolves with the address it listens on. */
function listen(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('listens on no port'));
      else resolve({ host: bound.address, port: bound.port });
    });
  });
}

async function serve(options: Options): Promise<void> {
  const counters = createCounters();
  const offHeap = createOffHeap();
  const faults = createFaultLog((line) => process.stderr.write(line));
  const traffic = createTraffic(options, { upstream: options.upstream, counters, offHeap, faults });
  const admin = createAdminPort(options.role, counters, createRuntimeReader(offHeap));
  process.once('SIGTERM', () => end());
  // Whoever listens already is a profiler, which takes SIGINT for the end of its work and has yet to write what it found.
  if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => end());
  else drainOnInterrupt([traffic, admin], () => faults.summarise());
  const end = () => {
    faults.summarise();
    process.exit(0);
  };
  const address = await listen(traffic, options.listen);
  const adminAddress = await listen(admin, options.admin);
  // Out of file descriptors, or a connection reset before it was accepted: the next one may fare better.
  for (const server of [traffic, admin])
    server.on('error', (error) => faults.report(`accept: ${error.message}`));
  const line = {
    event: 'listening',
    address: formatAddress(address),
    admin: formatAddress(adminAddress),
    pid: process.pid,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(): Promise<void> {
  let options: Options | 'help';
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`node-sidecar: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  try {
    await serve(options);
  } catch (error) {
    process.stderr.write(`node-sidecar: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

await main();
