// What can go wrong at AWS: refusals, outages, and answers that hold no usable token.
import type { Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const JSON_TYPE = { 'Content-Type': 'application/x-amz-json-1.1' };

const CALLS: readonly WireFault[] = [
  {
    type: 'AwsCredentialsRejected',
    when: 'AWS does not know the access key',
    stage: 'extract',
    says: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ error: 'UnrecognizedClientException' })),
  },
  {
    type: 'AwsCredentialsRejected',
    when: 'the session of the worker has expired',
    stage: 'extract',
    says: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ error: 'ExpiredTokenException' })),
  },
  {
    type: 'AwsAccessDenied',
    when: 'the principal may not get tokens',
    stage: 'extract',
    says: /arn:aws:sts::123456789012:.*us-east-1|us-east-1.*arn:aws:sts::123456789012:/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'AccessDeniedException'),
  },
  {
    type: 'AwsThrottled',
    when: 'ECR asks for fewer requests',
    stage: 'extract',
    says: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'ThrottlingException'),
  },
  {
    type: 'AwsUnavailable',
    when: 'ECR fails on its side',
    stage: 'extract',
    says: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => ecrFails(fixture, 'ServerException'),
  },
  {
    type: 'AwsUnavailable',
    when: 'AWS is not there',
    stage: 'extract',
    says: /us-east-1/,
    refreshed: 0,
    arrange: (fixture) => fixture.aws.setFault(() => ({ drop: true })),
  },
  {
    type: 'AwsClockSkewed',
    when: 'the clock of the worker is an hour behind, and the second signature is no better',
    stage: 'extract',
    says: /us-east-1: the clock of the worker is 1 h .*behind that of AWS/,
    refreshed: 0,
    arrange: (fixture) => signedAnHourAgo(fixture),
  },
];

const ECR_ANSWERS: readonly {
  readonly when: string;
  readonly says: RegExp;
  readonly arrange: (fixture: Fixture) => void;
}[] = [
  { when: 'an empty list', says: /no authorization token/, arrange: (fixture) => ecrAnswers(fixture, []) },
  {
    when: 'null instead of a list',
    says: /no authorization token/,
    arrange: (fixture) => ecrAnswers(fixture, null),
  },
  {
    when: 'an entry without a token',
    says: /no authorization token/,
    arrange: (fixture) => ecrAnswers(fixture, [{}]),
  },
  {
    when: 'an empty token',
    says: /no authorization token/,
    arrange: (fixture) => ecrSends(fixture, () => encode('')),
  },
  {
    when: 'no base64',
    says: /no base64/,
    arrange: (fixture) => ecrSends(fixture, (p) => ({ authorizationToken: `AWS:${p}` })),
  },
  {
    when: 'a token without a colon',
    says: /no colon/,
    arrange: (fixture) => ecrSends(fixture, (p) => encode(`AWS${p}`)),
  },
  {
    when: 'another user',
    says: /not AWS/,
    arrange: (fixture) => ecrSends(fixture, (p) => encode(`root:${p}`)),
  },
  {
    when: 'an empty password',
    says: /empty or masked/,
    arrange: (fixture) => ecrSends(fixture, () => encode('AWS:')),
  },
  {
    when: 'a masked password',
    says: /empty or masked/,
    arrange: (fixture) => ecrSends(fixture, () => encode('AWS:***')),
  },
  {
    when: 'an oversized token',
    says: /characters, more than/,
    arrange: (fixture) => ecrSends(fixture, (p) => encode(`AWS:${p.repeat(500)}`)),
  },
  {
    when: 'an expired token',
    says: /expired at/,
    arrange: (fixture) => ecrSends(fixture, (p) => ({ ...encode(`AWS:${p}`), expiresAt: 1_420_070_400 })),
  },
  {
    when: 'no expiry',
    says: /when the token expires/,
    arrange: (fixture) => ecrSends(fixture, (p) => ({ ...encode(`AWS:${p}`), expiresAt: undefined })),
  },
];

export const AWS_FAULTS: readonly WireFault[] = [
  ...CALLS,
  ...ECR_ANSWERS.map(({ when, says, arrange }): WireFault => ({
    type: 'EcrResponseInvalid',
    when: `ECR answers with ${when}`,
    stage: 'extract',
    says,
    refreshed: 0,
    arrange,
  })),
];

function ecrAnswers(fixture: Fixture, authorizationData: unknown): void {
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
          // The SDK takes the difference for that of the clocks.
          headers: { ...JSON_TYPE, Date: new Date(Date.now() + 3_630_000).toUTCString() },
          body: {
            __type: 'InvalidSignatureException',
            message: `Signature expired: ${fixture.secrets.quote()}`,
          },
        }
      : undefined,
  );
}

/** One token as ECR sends it, changed. */
function ecrSends(fixture: Fixture, make: (password: string) => object): void {
  const expiresAt = Date.now() / 1000 + 43_200;
  ecrAnswers(fixture, [{ expiresAt, ...make(fixture.secrets.make('answered token')) }]);
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
