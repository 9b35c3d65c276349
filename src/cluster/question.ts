/** One question to a variant, and its whole answer, whatever the protocol. */

export interface Answer {
  readonly status: number;
  /** `1.1`, `2`, `3`, or `none` for what is no HTTP. */
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What is asked, where it is not a GET. */
export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}
