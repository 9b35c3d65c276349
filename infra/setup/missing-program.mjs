/** A program of others that cannot be had here. */
import { SetupFault } from './steps.mjs';

/** What a test step does without its program: it is skipped and counted so, except where CI must not lose it. */
export class MissingProgram extends SetupFault {}
