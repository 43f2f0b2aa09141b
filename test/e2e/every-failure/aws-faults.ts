// Faults of AWS: rejections, outages, and responses without a usable token.
import type { Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const JSON_TYPE = { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': 'request-1' };

const CALLS: readonly WireFault[] = [
  {
    type: 'AwsCredentialsRejected',
    when: 'the access key is unknown to AWS',
    stage: 'extract',
    message: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ error: 'UnrecognizedClientException' })),
  },
  {
    type: 'AwsCredentialsRejected',
    when: 'the session of the worker has expired',
    stage: 'extract',
    message: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ error: 'ExpiredTokenException' })),
  },
  {
    type: 'AwsAccessDenied',
    when: 'the principal is not authorized to get tokens',
    stage: 'extract',
    message: /arn:aws:sts::123456789012:.*us-east-1|us-east-1.*arn:aws:sts::123456789012:/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'AccessDeniedException'),
  },
  {
    type: 'AwsThrottled',
    when: 'ECR throttles the request',
    stage: 'extract',
    message: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'ThrottlingException'),
  },
  {
    type: 'AwsUnavailable',
    when: 'ECR returns a server error',
    stage: 'extract',
    message: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'ServerException'),
  },
  {
    type: 'AwsUnavailable',
    when: 'AWS closes the connection',
    stage: 'extract',
    message: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ drop: true })),
  },
  {
    type: 'AwsClockSkewed',
    when: 'the clock of the worker is an hour behind, and the second signature is rejected, too',
    stage: 'extract',
    message: /us-east-1: the worker's clock is 1 h .*behind the clock of AWS/,
    refreshed: 0,
    arrange: (fixture) => signedAnHourAgo(fixture),
  },
];

const ECR_RESPONSES: readonly {
  readonly when: string;
  readonly message: RegExp;
  readonly arrange: (fixture: Fixture) => void;
}[] = [
  { when: 'an empty list', message: /no authorization token/, arrange: (fixture) => ecrReturns(fixture, []) },
  {
    when: 'null instead of a list',
    message: /no authorization token/,
    arrange: (fixture) => ecrReturns(fixture, null),
  },
  {
    when: 'an entry without a token',
    message: /no authorization token/,
    arrange: (fixture) => ecrReturns(fixture, [{}]),
  },
  {
    when: 'an empty token',
    message: /no authorization token/,
    arrange: (fixture) => ecrReturnsToken(fixture, () => encode('')),
  },
  {
    when: 'invalid base64',
    message: /not valid base64/,
    arrange: (fixture) => ecrReturnsToken(fixture, (p) => ({ authorizationToken: `AWS:${p}` })),
  },
  {
    when: 'a token without a colon',
    message: /no colon/,
    arrange: (fixture) => ecrReturnsToken(fixture, (p) => encode(`AWS${p}`)),
  },
  {
    when: 'a user other than AWS',
    message: /not AWS/,
    arrange: (fixture) => ecrReturnsToken(fixture, (p) => encode(`root:${p}`)),
  },
  {
    when: 'an empty password',
    message: /empty or masked/,
    arrange: (fixture) => ecrReturnsToken(fixture, () => encode('AWS:')),
  },
  {
    when: 'a masked password',
    message: /empty or masked/,
    arrange: (fixture) => ecrReturnsToken(fixture, () => encode('AWS:***')),
  },
  {
    when: 'an oversized token',
    message: /characters, which exceeds the maximum/,
    arrange: (fixture) => ecrReturnsToken(fixture, (p) => encode(`AWS:${p.repeat(500)}`)),
  },
  {
    when: 'an expired token',
    message: /expired at/,
    arrange: (fixture) =>
      ecrReturnsToken(fixture, (p) => ({ ...encode(`AWS:${p}`), expiresAt: 1_420_070_400 })),
  },
  {
    when: 'a token without expiry',
    message: /no expiry time/,
    arrange: (fixture) => ecrReturnsToken(fixture, (p) => ({ ...encode(`AWS:${p}`), expiresAt: undefined })),
  },
];

export const AWS_FAULTS: readonly WireFault[] = [
  ...CALLS,
  ...ECR_RESPONSES.map(({ when, message, arrange }): WireFault => ({
    type: 'EcrResponseInvalid',
    when: `ECR returns ${when}`,
    stage: 'extract',
    message,
    refreshed: 0,
    arrange,
  })),
];

function ecrReturns(fixture: Fixture, authorizationData: unknown): void {
  fixture.aws.setFault((call) =>
    call.action === 'GetAuthorizationToken'
      ? { status: 200, headers: JSON_TYPE, body: { authorizationData } }
      : undefined,
  );
}

function signedAnHourAgo(fixture: Fixture): void {
  fixture.aws.setFault(({ service }) =>
    service === 'ecr'
      ? {
          status: 400,
          // The SDK computes the clock skew from this header.
          headers: { ...JSON_TYPE, Date: new Date(Date.now() + 3_630_000).toUTCString() },
          body: {
            __type: 'InvalidSignatureException',
            message: `Signature expired: ${fixture.secrets.quote()}`,
          },
        }
      : undefined,
  );
}

/** Returns one token as ECR does, with changes. */
function ecrReturnsToken(fixture: Fixture, make: (password: string) => object): void {
  const expiresAt = Date.now() / 1000 + 43_200;
  ecrReturns(fixture, [{ expiresAt, ...make(fixture.secrets.make('returned token')) }]);
}

function encode(text: string): { authorizationToken: string } {
  return { authorizationToken: Buffer.from(text).toString('base64') };
}

function ecrFails(
  fixture: Fixture,
  error: 'AccessDeniedException' | 'ThrottlingException' | 'ServerException',
): void {
  fixture.aws.setFault((call) =>
    call.service === 'ecr' ? { error, message: `${error}: ${fixture.secrets.quote()}` } : undefined,
  );
}
