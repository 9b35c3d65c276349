/** Why a registry did not take an image. The message is one clause, with the mend where there is one, and holds no secret. */
export class RegistryFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryFault';
  }
}

/** What may go well when it is asked again. */
export class RegistryBusy extends RegistryFault {
  /** How long the registry asks to be left alone; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.name = 'RegistryBusy';
    this.retryAfterMs = retryAfterMs;
  }
}
