/** A program elsewhere that takes lines and says lines, however it is reached. */

export interface LineChannel {
  writeLine(line: string): void;
  /** Settles when the program has ended or can no longer be reached; never rejects. */
  readonly ended: Promise<void>;
  /** Why it takes no more lines, in words; null while it does. */
  endReason(): string | null;
  /** Has the program end, and waits until it has. */
  close(): Promise<void>;
}

/** Starts the program; every whole line that it says goes to `onLine`. */
export type OpenLineChannel = (onLine: (line: string) => void) => LineChannel;
