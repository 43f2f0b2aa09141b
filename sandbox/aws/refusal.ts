// A call that AWS refuses: with the code, the HTTP status and the message of the service.

export class AwsRefusal extends Error {
  readonly status: number;

  /** @param code as the service names the error, for example `UnknownOperationException` */
  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = code;
    this.status = status;
  }
}
