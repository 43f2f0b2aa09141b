// Separate from connection.ts, so that printing an error does not load the Temporal SDK.

export type TemporalReason = 'settings-invalid' | 'namespace-not-found' | 'access-denied' | 'unreachable';

const REMEDIES: Readonly<Record<TemporalReason, string>> = {
  'settings-invalid': 'Check the TEMPORAL_* variables and the file named by TEMPORAL_CONFIG_FILE.',
  'namespace-not-found': 'Create the namespace, or set TEMPORAL_NAMESPACE to an existing one.',
  'access-denied': 'Check TEMPORAL_API_KEY or the client certificate, and its permissions.',
  unreachable: 'Start the Temporal server, or set TEMPORAL_ADDRESS (and TLS) to its address.',
};

/** A problem outside the program: exit code 1, no stack trace. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
  readonly code: TemporalReason;
  readonly remedy: string;

  /** @param message without a period at the end */
  constructor(code: TemporalReason, message: string) {
    super(message);
    this.code = code;
    this.remedy = REMEDIES[code];
  }
}

export function describeUnavailable({ message, remedy }: TemporalUnavailable): string {
  return `${message}. ${remedy}`;
}
