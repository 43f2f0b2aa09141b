// Apart from connection.ts, so that printing errors does not load the Temporal SDK.

export type TemporalReason = 'settings-invalid' | 'namespace-not-found' | 'access-denied' | 'unreachable';

const REMEDIES: Readonly<Record<TemporalReason, string>> = {
  'settings-invalid': 'Check the TEMPORAL_* variables and the file that TEMPORAL_CONFIG_FILE names.',
  'namespace-not-found': 'Create it, or set TEMPORAL_NAMESPACE to one that exists.',
  'access-denied': 'Check TEMPORAL_API_KEY, or the client certificate, and its rights.',
  unreachable: 'Start the server, or set TEMPORAL_ADDRESS (and TLS) to where it is.',
};

/** A problem of the environment around the worker: exit 1, no stack. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
  readonly code: TemporalReason;
  readonly remedy: string;

  /** @param message what is wrong, without a full stop */
  constructor(code: TemporalReason, message: string) {
    super(message);
    this.code = code;
    this.remedy = REMEDIES[code];
  }
}

/** Both in one line, as commands and the log of the worker print them. */
export function describeUnavailable({ message, remedy }: TemporalUnavailable): string {
  return `${message}. ${remedy}`;
}
