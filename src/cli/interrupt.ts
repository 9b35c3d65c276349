/** Ctrl-C and SIGTERM while something is being measured. */
import { EXIT } from './outcome.js';
import type { Terminal } from './terminal.js';

/** A signal that aborts on the first Ctrl-C or SIGTERM; the second one ends the process at once. */
export function interruptSignal(terminal: Terminal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    terminal.note('interrupted: tearing down and keeping what was measured (once more to quit at once)');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
