/** What can go wrong with a run folder, told so that a reader knows the file and the mend. */

export type RecordFaultCode =
  | 'RECORD_DISK_FULL'
  | 'RECORD_PERMISSION'
  | 'RECORD_IO'
  | 'RECORD_EXISTS'
  | 'RECORD_NOT_A_RUN'
  | 'RECORD_NEWER_SCHEMA'
  | 'RECORD_MALFORMED';

/** The message is one sentence with the file, the cause and the mend; it needs no stack to be understood. */
export class RecordError extends Error {
  readonly code: RecordFaultCode;
  /** Whose fault: the user named a wrong folder (`input`), or the machine failed (`environment`). */
  readonly blame: 'input' | 'environment';

  constructor(code: RecordFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordError';
    this.code = code;
    this.blame =
      code === 'RECORD_DISK_FULL' || code === 'RECORD_PERMISSION' || code === 'RECORD_IO'
        ? 'environment'
        : 'input';
  }
}

/** The error of a file operation as one of ours; `doing` is what was tried, with the file's name. */
export function recordErrorFrom(cause: unknown, doing: string): RecordError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new RecordError(
        'RECORD_DISK_FULL',
        `${doing}: the disk is full (${errno}); what was measured before is kept. Free space, or give --out another disk.`,
        { cause },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new RecordError(
        'RECORD_PERMISSION',
        `${doing}: not permitted (${errno}). Make the folder writable, or give --out another one.`,
        { cause },
      );
    default:
      return new RecordError(
        'RECORD_IO',
        `${doing}: the file system failed (${errno}); what was measured before is kept. Check the disk, or give --out another one.`,
        { cause },
      );
  }
}
