// Separate from the code that runs the worker, so that printing the error does not load the SDK.

/** The worker of the SDK has failed, and does not poll any more. Not for a poll that Temporal refuses. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
  readonly code = 'worker-failed';
  readonly remedy = 'Restart the worker, or let a supervisor do so. Check the log of the Temporal server.';

  /** @param text what the server or the connection reported, if anything; without a secret */
  constructor(text: string | undefined, cause: unknown) {
    super(`The worker of the Temporal SDK has failed${text === undefined ? '' : `: ${text}`}`, { cause });
  }
}
