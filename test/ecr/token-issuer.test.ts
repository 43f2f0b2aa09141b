import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { IssuedToken, TokenIssuer } from '../../src/ecr/port.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createTokenIssuer } from '../../src/ecr/token-issuer.js';
import { DEFAULT_PRINCIPAL, tokenGroup } from '../../src/refresh/token-group.js';
import type { FailureType } from '../../src/refresh/failures.js';
import {
  answerHtml,
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
  type RecordedRequest,
} from '../support/local-server.js';

const TOKEN = Buffer.from('AWS:ecr-password-that-must-not-show').toString('base64');
const SECRET_KEY = 'secret-key-that-must-not-show';
const SECRETS = [TOKEN, 'ecr-password-that-must-not-show', SECRET_KEY];
const ARN = 'arn:aws:sts::123456789012:assumed-role/refresher/session-1';
const REGION = 'us-east-1';
const RUN = { runId: 'run' };
const EXPIRES_AT = 1_790_000_000.5;

const AWS_VARIABLES = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_ROLE_ARN: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;

describe('createTokenIssuer', () => {
  let folder: string;
  let ecr: LocalServer;
  let sts: LocalServer;
  let answerEcr: Answer;
  let answerSts: Answer;
  let issuer: TokenIssuer;
  let arn: string;
  let restores: (() => void)[];

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'aws-'));
    arn = ARN;
    answerEcr = (_request, response) => answerAws(response, 200, { authorizationData: [data(TOKEN)] });
    answerSts = (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
            `<Arn>${arn}</Arn><UserId>X</UserId><Account>123456789012</Account>` +
            '</GetCallerIdentityResult></GetCallerIdentityResponse>',
        );
    ecr = await startServer((request, response) => answerEcr(request, response));
    sts = await startServer((request, response) => answerSts(request, response));
    restores = [
      setEnvironment({
        ...NO_PROXY_VARIABLES,
        ...AWS_VARIABLES,
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: SECRET_KEY,
        AWS_ENDPOINT_URL_ECR: ecr.url,
        AWS_ENDPOINT_URL_STS: sts.url,
        AWS_CONFIG_FILE: path.join(folder, 'config'),
        AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
      }),
    ];
    issuer = createTokenIssuer(new AwsSessions());
  });
  afterEach(async () => {
    for (const restore of restores.toReversed()) restore();
    await ecr.close();
    await sts.close();
    await fs.rm(folder, { recursive: true });
  });

  function alsoSet(values: Readonly<Record<string, string | undefined>>): void {
    restores.push(setEnvironment(values));
  }

  function data(token: string): object {
    const proxyEndpoint = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';
    return { authorizationToken: token, expiresAt: EXPIRES_AT, proxyEndpoint };
  }

  function answerAws(response: Parameters<Answer>[1], status: number, body: unknown): void {
    response
      .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'request-1' })
      .end(JSON.stringify(body));
  }

  function fail(status: number, name: string): Answer {
    return (_request, response) => answerAws(response, status, { __type: name, message: `quotes ${TOKEN}` });
  }

  function issue(region = REGION, signal = anySignal()): Promise<IssuedToken> {
    return issuer.issueToken(groupIn(region), RUN, signal);
  }

  function parseAccessKey(request: RecordedRequest | undefined): string | undefined {
    return /Credential=(\w+)\//.exec(request?.headers.authorization ?? '')?.[1];
  }

  it('issues a token with the ARN of its principal', async () => {
    const token = await issue();
    assert.equal(token.authorizationToken?.reveal(), TOKEN);
    assert.equal(token.expiresAt?.getTime(), EXPIRES_AT * 1000);
    assert.equal(token.principalArn, ARN);
    assertHides(token, SECRETS);
  });

  it('calls ECR in the given region, without registry ids', async () => {
    await issue('eu-west-1');
    const [request] = ecr.requests;
    assert.equal(request?.body, '{}');
    assert.match(String(request?.headers['x-amz-target']), /\.GetAuthorizationToken$/);
    assert.match(String(request?.headers.authorization), /\/eu-west-1\/ecr\/aws4_request/);
  });

  it('calls GetCallerIdentity once, and GetAuthorizationToken each time', async () => {
    await issue();
    await issue();
    await issue('eu-west-1');
    assert.equal(ecr.requests.length, 3);
    assert.equal(sts.requests.length, 1);
  });

  it('issues a token if GetCallerIdentity fails, and calls it again the next time', async () => {
    const healthy = answerSts;
    answerSts = (_request, response) => answerHtml(response, 403);
    assert.equal((await issue()).principalArn, null);
    answerSts = healthy;
    assert.equal((await issue()).principalArn, ARN);
  });

  it('returns no ARN if STS returns an invalid one', async () => {
    arn = TOKEN;
    assert.equal((await issue()).principalArn, null);
  });

  for (const { title, body } of [
    { title: 'no list', body: {} },
    { title: 'null', body: { authorizationData: null } },
    { title: 'an empty list', body: { authorizationData: [] } },
    { title: 'an empty element', body: { authorizationData: [{}] } },
  ] as const) {
    it(`returns no token for ${title}`, async () => {
      answerEcr = (_request, response) => answerAws(response, 200, body);
      assert.deepEqual(await issue(), {
        authorizationToken: undefined,
        expiresAt: undefined,
        proxyEndpoint: undefined,
        principalArn: ARN,
        sessionEndsAt: undefined,
        clockOffsetMs: 0,
      });
    });
  }

  it('returns the first of several tokens', async () => {
    answerEcr = (_request, response) =>
      answerAws(response, 200, { authorizationData: [data('first'), data('second')] });
    assert.equal((await issue()).authorizationToken?.reveal(), 'first');
  });

  it('tries twice if AWS returns a server error', async () => {
    const healthy = answerEcr;
    answerEcr = (request, response) => {
      answerEcr = healthy;
      fail(500, 'ServerException')(request, response);
    };
    assert.equal((await issue()).authorizationToken?.reveal(), TOKEN);
    assert.equal(ecr.requests.length, 2);
  });

  it('logs nothing', async () => {
    const logged: unknown[][] = [];
    const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
    const originals = methods.map((method) => console[method]);
    for (const method of methods) console[method] = (...words: unknown[]) => void logged.push(words);
    try {
      await issue();
      answerEcr = fail(400, 'AccessDeniedException');
      await issue().catch(() => {});
    } finally {
      for (const [index, method] of methods.entries())
        console[method] = originals[index] as typeof console.log;
    }
    assert.deepEqual(logged, []);
  });

  describe('maps to a failure', () => {
    const cases: readonly { status: number; name: string; type: FailureType; pattern: RegExp }[] = [
      {
        status: 400,
        name: 'ThrottlingException',
        type: 'AwsThrottled',
        pattern: /AWS throttled the request/,
      },
      {
        status: 429,
        name: 'TooManyRequestsException',
        type: 'AwsThrottled',
        pattern: /AWS throttled the request/,
      },
      { status: 429, name: 'SomethingNew', type: 'AwsThrottled', pattern: /AWS throttled the request/ },
      {
        status: 400,
        name: 'AccessDeniedException',
        type: 'AwsAccessDenied',
        pattern: /refresher\/session-1 is not authorized to call ecr:GetAuthorizationToken/,
      },
      { status: 400, name: 'ExpiredTokenException', type: 'AwsCredentialsRejected', pattern: /have expired/ },
      { status: 403, name: 'ExpiredToken', type: 'AwsCredentialsRejected', pattern: /have expired/ },
      {
        status: 400,
        name: 'UnrecognizedClientException',
        type: 'AwsCredentialsRejected',
        pattern: /does not recognize the access key: .*the region is not enabled/,
      },
      { status: 403, name: 'InvalidClientTokenId', type: 'AwsCredentialsRejected', pattern: /access key/ },
      {
        status: 400,
        name: 'InvalidSignatureException',
        type: 'AwsCredentialsRejected',
        pattern: /secret key is wrong/,
      },
      {
        status: 403,
        name: 'SignatureDoesNotMatch',
        type: 'AwsCredentialsRejected',
        pattern: /secret key is wrong/,
      },
      {
        status: 400,
        name: 'MissingAuthenticationTokenException',
        type: 'AwsUnavailable',
        pattern: /the signature of the request did not arrive at AWS/,
      },
      {
        status: 400,
        name: 'IncompleteSignatureException',
        type: 'AwsUnavailable',
        pattern: /the signature of the request arrived incomplete at AWS/,
      },
      {
        status: 500,
        name: 'ServerException',
        type: 'AwsUnavailable',
        pattern: /: AWS returned a server error \(500\)/,
      },
      { status: 503, name: 'ServiceUnavailable', type: 'AwsUnavailable', pattern: /server error \(503\)/ },
      { status: 400, name: 'InvalidParameterException', type: 'EcrResponseInvalid', pattern: /400/ },
    ];
    for (const { status, name, type, pattern } of cases) {
      it(`${status} ${name}: ${type}`, async () => {
        answerEcr = fail(status, name);
        const { message } = await expectFailure(issue(), type, SECRETS);
        assert.match(message, /^ECR in us-east-1: /);
        assert.match(message, pattern);
      });
    }

    it('a denial without an ARN, if GetCallerIdentity fails', async () => {
      answerEcr = fail(400, 'AccessDeniedException');
      answerSts = (_request, response) => answerHtml(response, 403);
      const { message } = await expectFailure(issue(), 'AwsAccessDenied', SECRETS);
      assert.equal(
        message,
        'ECR in us-east-1: the AWS principal (default) is not authorized to call ecr:GetAuthorizationToken',
      );
    });

    for (const status of [200, 403]) {
      it(`an HTML page with ${status}: AwsUnavailable`, async () => {
        answerEcr = (_request, response) => answerHtml(response, status);
        await expectFailure(issue(), 'AwsUnavailable', SECRETS);
      });
    }

    it('a refused connection: AwsUnavailable', async () => {
      const gone = await startServer(() => {});
      await gone.close();
      alsoSet({ AWS_ENDPOINT_URL_ECR: gone.url });
      const { message } = await expectFailure(
        createTokenIssuer(new AwsSessions()).issueToken(groupIn(REGION), RUN, anySignal()),
        'AwsUnavailable',
        SECRETS,
      );
      assert.equal(message, `ECR in us-east-1: connection refused (${gone.host})`);
    });

    it('an unknown region: AwsUnavailable', async () => {
      alsoSet({ AWS_ENDPOINT_URL_ECR: 'http://api.ecr.us-nowhere-1.invalid' });
      const { message } = await expectFailure(issue('us-nowhere-1'), 'AwsUnavailable', SECRETS);
      // Without a name server, the lookup fails instead.
      assert.match(message, /no such host: unknown AWS region us-nowhere-1$|DNS/);
    });

    it('a FIPS endpoint combined with a custom endpoint: AwsUnavailable', async () => {
      const api = { service: 'ecr', fips: true, dualStack: false } as const;
      const group = tokenGroup(DEFAULT_PRINCIPAL, REGION, api);
      const { message, remedy } = await expectFailure(
        issuer.issueToken(group, RUN, anySignal()),
        'AwsUnavailable',
        SECRETS,
      );
      assert.equal(message, 'ECR in us-east-1 (FIPS): the AWS SDK has no such endpoint');
      assert.match(remedy, /^Unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECR /);
      assert.deepEqual(ecr.requests, []);
    });

    it('a connection reset: AwsUnavailable', async () => {
      answerEcr = (_request, response) => response.destroy();
      const { message } = await expectFailure(issue(), 'AwsUnavailable', SECRETS);
      assert.equal(message, `ECR in us-east-1: connection reset (${ecr.host})`);
    });

    for (const { when, respond } of [
      { when: 'before the response', respond: () => {} },
      { when: 'mid-response', respond: (r: Parameters<Answer>[1]) => void r.writeHead(200).write('{') },
    ] as const) {
      it(`an abort by the caller ${when}: AwsUnavailable immediately`, async () => {
        answerEcr = (_request, response) => respond(response);
        const caller = new AbortController();
        const issuing = issue(REGION, caller.signal);
        while (ecr.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
        caller.abort();
        const { message } = await expectFailure(issuing, 'AwsUnavailable', SECRETS);
        assert.equal(message, 'ECR in us-east-1: the attempt was canceled');
      });
    }
  });

  describe('with credentials from the default chain', () => {
    beforeEach(() => alsoSet({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }));

    function writeKeys(accessKey: string): Promise<void> {
      const keys = `aws_access_key_id = ${accessKey}\naws_secret_access_key = ${SECRET_KEY}`;
      return fs.writeFile(path.join(folder, 'credentials'), `[default]\n${keys}\n`);
    }

    it('reports missing credentials, and finds them once they exist', async () => {
      const { message } = await expectFailure(issue(), 'AwsCredentialsMissing', SECRETS);
      assert.match(message, /^AWS credentials: the default chain of the AWS SDK found none: /);
      assert.deepEqual(ecr.requests, []);
      await writeKeys('AKIDFILE');
      await issue();
      assert.equal(parseAccessKey(ecr.requests[0]), 'AKIDFILE');
    });

    it('reads a rotated file after AWS rejected the old keys', async () => {
      const healthy = answerEcr;
      answerEcr = (request, response) =>
        parseAccessKey(request) === 'AKIDOLD'
          ? fail(400, 'UnrecognizedClientException')(request, response)
          : healthy(request, response);
      await writeKeys('AKIDOLD');
      await expectFailure(issue(), 'AwsCredentialsRejected', SECRETS);
      await writeKeys('AKIDNEW');
      assert.equal((await issue()).authorizationToken?.reveal(), TOKEN);
      // The credentials are reloaded only once within the attempt.
      assert.deepEqual(ecr.requests.map(parseAccessKey), ['AKIDOLD', 'AKIDOLD', 'AKIDNEW']);
    });

    it('uses a file that was rotated after it was read within the same attempt', async () => {
      const healthy = answerEcr;
      await writeKeys('AKIDOLD');
      await issue();
      await writeKeys('AKIDNEW');
      answerEcr = (request, response) =>
        parseAccessKey(request) === 'AKIDOLD'
          ? fail(400, 'ExpiredTokenException')(request, response)
          : healthy(request, response);
      assert.equal((await issue()).authorizationToken?.reveal(), TOKEN);
      assert.deepEqual(ecr.requests.map(parseAccessKey), ['AKIDOLD', 'AKIDOLD', 'AKIDNEW']);
    });

    describe('with a web identity', () => {
      beforeEach(async () => {
        const file = path.join(folder, 'identity');
        await fs.writeFile(file, TOKEN);
        alsoSet({
          AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/refresher',
          AWS_WEB_IDENTITY_TOKEN_FILE: file,
        });
      });

      for (const { code, type, pattern } of [
        { code: 'AccessDenied', type: 'AwsAccessDenied', pattern: /the web identity is not authorized/ },
        { code: 'InvalidIdentityToken', type: 'AwsCredentialsRejected', pattern: /web identity token/ },
        { code: 'ExpiredTokenException', type: 'AwsCredentialsRejected', pattern: /expired/ },
      ] as const) {
        it(`reports ${code} of STS as a failure of the credentials, not of ECR: ${type}`, async () => {
          answerSts = (_request, response) =>
            response
              .writeHead(400, { 'content-type': 'text/xml', 'x-amzn-requestid': 'request-1' })
              .end(
                `<ErrorResponse><Error><Code>${code}</Code><Message>${TOKEN}</Message></Error></ErrorResponse>`,
              );
          const { message } = await expectFailure(issue(), type, SECRETS);
          assert.match(message, /^AWS credentials: /);
          assert.match(message, pattern);
          assert.deepEqual(ecr.requests, []);
        });
      }
    });
  });
});

function groupIn(region: string) {
  return tokenGroup(DEFAULT_PRINCIPAL, region, { service: 'ecr', fips: false, dualStack: false });
}
