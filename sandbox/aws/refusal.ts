// An AWS error response: the service's error code, HTTP status and message.

export class AwsRefusal extends Error {
  readonly status: number;

  /** @param code the service's name for the error, for example `UnknownOperationException` */
  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = code;
    this.status = status;
  }
}
