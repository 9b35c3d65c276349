/** The form of a check of fields against each other. */
import type { PathStep } from './document.js';
import type { Draft } from './draft.js';

/** A fault at the value of `path`, or at its key or parent when there is no value. */
export interface Disagreement {
  readonly path: readonly PathStep[];
  readonly message: string;
}

export type Check = (draft: Draft) => readonly Disagreement[];

/** Whether anything was written at a path: what is missing differs from what is wrong. */
export type IsWritten = (path: readonly PathStep[]) => boolean;
