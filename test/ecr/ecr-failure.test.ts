// Failures, messages and remedies of GetAuthorizationToken, with the real SDK over HTTP to the AWS stand-in.
import assert from 'node:assert/strict';
import https from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { toEcrFailure } from '../../src/ecr/ecr-failure.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import { throttleFirst, type AwsFault } from '../support/aws.js';
import { expectFailure } from '../support/local-server.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import {
  groupOf,
  role,
  roleArn,
  SECRET_KEY,
  startAwsFixture,
  WORKER_ARN,
  type AwsFixture,
} from '../aws/aws-fixture.js';
import { withFastTimers } from '../aws/fast-timers.js';

const SECRETS = [SECRET_KEY];
const PUBLIC = { service: 'ecr-public' } as const;

describe('GetAuthorizationToken', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  function breakEcr(fault: AwsFault): void {
    fixture.aws.setFault(({ service }) => (service === 'sts' ? undefined : fault));
  }

  it('is retried by the SDK if it is throttled once', async () => {
    fixture.aws.setFault(throttleFirst(1));
    assert.ok((await fixture.issue()).authorizationToken);
  });

  it('needs no action if it is throttled repeatedly', async () => {
    breakEcr({ error: 'ThrottlingException' });
    const failure = await expectFailure(fixture.issue(), 'AwsThrottled', SECRETS);
    assert.equal(failure.message, 'ECR in us-east-1: AWS throttled the request');
    assert.match(failure.remedy, /^No action needed/);
    assert.equal(fixture.count('GetAuthorizationToken'), 2);
  });

  it('reports that STS throttles the role', async () => {
    fixture.aws.setFault(({ service }) => (service === 'sts' ? { error: 'Throttling' } : undefined));
    const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsThrottled', SECRETS);
    assert.equal(message, `AWS credentials: role ${roleArn('pull')}: AWS throttled the request`);
  });

  describe('if AWS denies it', () => {
    const denial = `User: ${WORKER_ARN} is not authorized to perform: ecr:GetAuthorizationToken on resource: *`;
    const inOtherPolicy = /^Allow the call in that policy\. The run resumes automatically\.$/;
    const deny = /^Remove that deny statement: it overrides every allow\. The run resumes automatically\.$/;
    const statement =
      /^Add to a policy of the principal: \{"Effect":"Allow","Action":\["ecr:GetAuthorizationToken"\],"Resource":"\*"\}\./;
    const cases: readonly { reason: string; explanation: string; remedy: RegExp }[] = [
      { reason: '', explanation: '', remedy: statement },
      {
        reason: 'because no identity-based policy allows the ecr:GetAuthorizationToken action',
        explanation: ': no identity-based policy allows it',
        remedy: statement,
      },
      {
        reason: 'with an explicit deny in a service control policy',
        explanation: ': a service control policy denies it explicitly',
        remedy: deny,
      },
      {
        reason: 'with an explicit deny in a resource control policy',
        explanation: ': a resource control policy denies it explicitly',
        remedy: deny,
      },
      {
        reason: 'because no VPC endpoint policy allows the ecr:GetAuthorizationToken action',
        explanation: ': no VPC endpoint policy allows it',
        remedy: inOtherPolicy,
      },
      {
        reason: 'with an explicit deny in a VPC endpoint policy',
        explanation: ': a VPC endpoint policy denies it explicitly',
        remedy: deny,
      },
      {
        reason: 'because no permissions boundary allows the ecr:GetAuthorizationToken action',
        explanation: ': no permissions boundary allows it',
        remedy: inOtherPolicy,
      },
      {
        reason: 'because no session policy allows the ecr:GetAuthorizationToken action',
        explanation: ': no session policy allows it',
        remedy: inOtherPolicy,
      },
      {
        reason: 'with an explicit deny in an identity-based policy',
        explanation: ': an identity-based policy denies it explicitly',
        remedy: deny,
      },
    ];
    for (const { reason, explanation, remedy } of cases) {
      it(`reports caller, action and policy: ${reason || 'no policy in the message of AWS'}`, async () => {
        breakEcr({ error: 'AccessDeniedException', message: `${denial} ${reason}`.trim() });
        const failure = await expectFailure(fixture.issue(), 'AwsAccessDenied', SECRETS);
        assert.equal(
          failure.message,
          `ECR in us-east-1: ${WORKER_ARN} is not authorized to call ecr:GetAuthorizationToken${explanation}`,
        );
        assert.match(failure.remedy, remedy);
      });
    }

    it('reports both actions of ECR Public', async () => {
      breakEcr({ error: 'AccessDeniedException' });
      const failure = await expectFailure(
        fixture.issue(DEFAULT_PRINCIPAL, 'us-east-1', PUBLIC),
        'AwsAccessDenied',
        SECRETS,
      );
      assert.match(
        failure.message,
        /^ECR Public in us-east-1: .* is not authorized to call ecr-public:GetAuthorizationToken or sts:GetServiceBearerToken/,
      );
      assert.ok(
        failure.remedy.includes('"Action":["ecr-public:GetAuthorizationToken","sts:GetServiceBearerToken"]'),
        failure.remedy,
      );
    });
  });

  it('fails for ECR Public outside us-east-1, as in AWS', async () => {
    await expectFailure(fixture.issue(DEFAULT_PRINCIPAL, 'eu-west-1', PUBLIC), 'EcrResponseInvalid', SECRETS);
  });

  describe('if the host cannot be reached', () => {
    const failing = (code: string) =>
      Object.assign(new Error(`getaddrinfo ${code} ${SECRET_KEY}`), { code, hostname: SECRET_KEY });

    for (const { region, problem } of [
      {
        region: 'us-esat-1',
        problem: 'no such host: unknown AWS region us-esat-1 (did you mean us-east-1?)',
      },
      { region: 'xx-nowhere-9', problem: 'no such host: unknown AWS region xx-nowhere-9' },
      { region: 'eu-west-1', problem: 'no such host' },
    ] as const) {
      it(`reports the region only if it is unknown: ${region}`, async () => {
        const group = groupOf(DEFAULT_PRINCIPAL, region);
        const failure = await toEcrFailure(group, failing('ENOTFOUND'));
        assert.equal(failure.type, 'AwsUnavailable');
        assert.equal(failure.message, `ECR in ${region}: ${problem}`);
        assert.match(
          failure.remedy,
          region === 'eu-west-1' ? /DNS/ : /Fix the region in the host of the connection/,
        );
      });
    }

    it('reports the configured endpoint', async () => {
      const endpoint = 'https://vpce-0123.api.ecr.eu-west-1.vpce.amazonaws.com';
      const failure = await toEcrFailure(
        groupOf(DEFAULT_PRINCIPAL, 'eu-west-1', { endpoint }),
        failing('ENOTFOUND'),
      );
      assert.equal(failure.message, `ECR in eu-west-1 (${endpoint}): no such host`);
      assert.match(failure.remedy, /`endpoint` of the entry under `registries`/);
    });

    for (const { code, problem } of [
      { code: 'EAI_AGAIN', problem: 'DNS lookup failed' },
      { code: 'ENETUNREACH', problem: 'no route to the network' },
      { code: 'EHOSTUNREACH', problem: 'no route to the host' },
      { code: 'ETIMEDOUT', problem: 'timed out' },
    ] as const) {
      it(`reports ${code}: ${problem}`, async () => {
        const failure = await toEcrFailure(groupOf(DEFAULT_PRINCIPAL, 'eu-west-1'), failing(code));
        assert.deepEqual([failure.type, failure.message], ['AwsUnavailable', `ECR in eu-west-1: ${problem}`]);
        assert.match(failure.remedy, /network, DNS, proxy and VPC endpoints/);
      });
    }
  });

  it('reports a refused connection of ECR, and of STS for a role', async () => {
    fixture.set({ AWS_ENDPOINT_URL_ECR: 'http://127.0.0.1:1' });
    const ofEcr = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
    assert.equal(ofEcr.message, 'ECR in us-east-1: connection refused (127.0.0.1:1)');
    fixture.set({ AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1' });
    const ofSts = await expectFailure(fixture.issue(role('pull')), 'AwsUnavailable', SECRETS);
    assert.equal(ofSts.message, `AWS credentials: role ${roleArn('pull')}: connection refused (127.0.0.1:1)`);
  });

  it('names NODE_EXTRA_CA_CERTS for a self-signed certificate', async () => {
    const server = https.createServer(SELF_SIGNED, () => assert.fail('a request was sent'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      fixture.set({ AWS_ENDPOINT_URL_ECR: url, AWS_ENDPOINT_URL_STS: url });
      for (const failure of [
        await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS),
        await expectFailure(fixture.issue(role('pull')), 'AwsUnavailable', SECRETS),
      ]) {
        assert.match(failure.message, /: TLS: self-signed certificate \(127\.0\.0\.1:\d+\)$/);
        assert.match(failure.remedy, /NODE_EXTRA_CA_CERTS/);
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  for (const { title, fault, pattern } of [
    { title: 'never responds', fault: { hang: true }, pattern: /: timed out/ },
    { title: 'responds after a minute', fault: { delayMs: 60_000 }, pattern: /: timed out/ },
  ] as const) {
    it(`times out after two attempts if ECR ${title}`, async () => {
      breakEcr(fault);
      const { value: failure, tookMs } = await withFastTimers(() =>
        expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS),
      );
      assert.match(failure.message, pattern);
      assert.ok(tookMs >= 19_000 && tookMs <= 26_000, `${tookMs} ms`);
      assert.equal(fixture.count('GetAuthorizationToken'), 2);
    });
  }

  describe('if something in front of AWS responds', () => {
    const page = { body: `<html>${SECRET_KEY}</html>`, headers: { 'Content-Type': 'text/html' } };
    const json = { body: { code: 401, message: SECRET_KEY } };
    const foreign: readonly { title: string; fault: AwsFault }[] = [
      ...[200, 401, 403, 404].map((status) => ({
        title: `a page with status ${status}`,
        fault: { ...page, status },
      })),
      {
        title: 'a redirect to a login',
        fault: { status: 302, headers: { Location: 'https://login.invalid/' } },
      },
      { title: 'JSON with status 200', fault: { ...json, status: 200 } },
      { title: 'JSON with status 403', fault: { ...json, status: 403 } },
      {
        title: 'an error named as one of AWS',
        fault: { body: { __type: 'AccessDeniedException' }, status: 400 },
      },
      { title: 'a page with status 429', fault: { ...page, status: 429 } },
    ];
    for (const { title, fault } of foreign) {
      it(`reports that for ECR and for STS, and blames no credentials: ${title}`, async () => {
        breakEcr(fault);
        const ofEcr = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
        fixture.aws.setFault(() => fault);
        const ofSts = await expectFailure(fixture.issue(role('pull')), 'AwsUnavailable', SECRETS);
        const status = 'status' in fault ? fault.status : '';
        const problem = `the response is not from AWS, but from something in front of it (HTTP ${status})`;
        assert.equal(ofEcr.message, `ECR in us-east-1: ${problem}`);
        assert.equal(ofSts.message, `AWS credentials: role ${roleArn('pull')}: ${problem}`);
        for (const { remedy } of [ofEcr, ofSts])
          assert.match(
            remedy,
            /^Check for a proxy, a firewall or a login page .* The run retries automatically\.$/,
          );
      });
    }

    it('names the proxy that requires authentication', async () => {
      breakEcr({ ...page, status: 407 });
      const { message } = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
      assert.equal(message, 'ECR in us-east-1: a proxy requires authentication (HTTP 407)');
    });

    it('reports a page with status 503 as a server error', async () => {
      breakEcr({ ...page, status: 503 });
      const { message } = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
      assert.match(message, /server error \(503\)$/);
    });
  });

  it('reports a signature that a proxy removed, and not the keys', async () => {
    breakEcr({ error: 'MissingAuthenticationTokenException' });
    const failure = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
    assert.equal(failure.message, 'ECR in us-east-1: the signature of the request did not arrive at AWS');
    assert.match(failure.remedy, /^Check for a proxy .* Authorization header/);
  });

  it('is not called for any principal if AWS_USE_FIPS_ENDPOINT is set and ECR has no FIPS endpoint', async () => {
    fixture.set({
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_ENDPOINT_URL_ECR: undefined,
      AWS_ENDPOINT_URL_STS: undefined,
    });
    for (const principal of [DEFAULT_PRINCIPAL, role('pull')]) {
      const failure = await expectFailure(fixture.issue(principal, 'eu-west-1'), 'AwsUnavailable', SECRETS);
      assert.match(failure.message, /^ECR in eu-west-1: AWS_USE_FIPS_ENDPOINT requires a FIPS endpoint/);
      assert.match(failure.remedy, /`fips: true` for the registries that have one/);
    }
    assert.deepEqual(fixture.calls(), []);
  });
});
