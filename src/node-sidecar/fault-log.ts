/** Logs the first few faults and counts the rest. */

/** Enough to see what is wrong; a line for each of a million failures would itself cost what is measured. */
const LINES_LOGGED = 5;

export interface FaultLog {
  report(what: string): void;
  /** Says how many faults were not logged, if any. */
  summarise(): void;
}

/** Writes each line by `write`, the newline included. */
export function createFaultLog(write: (line: string) => void): FaultLog {
  let faults = 0;
  return {
    report(what) {
      faults++;
      if (faults <= LINES_LOGGED) write(`node-sidecar: ${what}\n`);
    },
    summarise() {
      if (faults > LINES_LOGGED)
        write(`node-sidecar: ${faults} faults in all, ${faults - LINES_LOGGED} not logged\n`);
    },
  };
}
