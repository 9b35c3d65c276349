/** Why a file could not be imported: the user's input is wrong. */

/** The message is one sentence that begins with `FILE:` or `FILE:LINE:` and ends with the mend. */
export class ImportFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImportFault';
  }
}
