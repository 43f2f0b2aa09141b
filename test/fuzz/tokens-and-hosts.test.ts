import assert from 'node:assert/strict';
import fc from 'fast-check';
import { imagesSchema } from '../../src/config/schema/images.js';
import { checkRegistryHost, readAirflowUrl, readEcrEndpoint } from '../../src/config/schema/urls.js';
import { normalizeHost, parseEcrHost, readEcrHost } from '../../src/refresh/registry-host.js';
import { checkToken, isSameRole, parseAccount, type TokenResponse } from '../../src/refresh/token.js';
import { CANARY, TIMEOUT_MS, assertHidden, check, mutated, text } from './hostile.js';

const HOSTS = [
  '123456789012.dkr.ecr.us-east-1.amazonaws.com',
  '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
  '123456789012.dkr-ecr.eu-west-1.on.aws',
  '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
  'public.ecr.aws',
  'ecr-public.aws.com',
  'registry.example.com:5000',
];

describe('fuzzed: an authorization token', function () {
  this.timeout(TIMEOUT_MS);
  const expected = { region: 'us-east-1', account: '123456789012', now: new Date('2026-11-22T12:00:00Z') };
  const TOKENS = [`AWS:${CANARY}`, 'AWS:a:b', 'AWS:***', `user:${CANARY}`].map((plain) =>
    Buffer.from(plain).toString('base64'),
  );
  const response = fc.record(
    {
      authorizationToken: fc.oneof(
        mutated(...TOKENS),
        mutated(`AWS:${CANARY}`).map((plain) => Buffer.from(plain).toString('base64')),
      ),
      expiresAt: fc.option(fc.date({ noInvalidDate: false }), { nil: undefined }),
      proxyEndpoint: fc.option(mutated(...HOSTS.map((host) => `https://${host}`)), { nil: undefined }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<TokenResponse>;

  it('is a password of printable ASCII that is not masked, or a problem that does not quote it', () => {
    check(response, (given) => {
      const result = checkToken(given, expected);
      if (!result.usable) return assertHidden(result.problem);
      assert.match(result.password, /^[\x20-\x7e]+$/);
      assert.doesNotMatch(result.password, /^\**$/);
      assert.ok(result.expiresAt > expected.now);
    });
  });

  it('has the account of any ARN, or none', () => {
    const arn = mutated(
      'arn:aws:sts::123456789012:assumed-role/ecr-pull/session',
      'arn:aws-cn:iam::123456789012:user/a',
    );
    check(arn, (given) => {
      assert.match(parseAccount(given) ?? '0'.repeat(12), /^\d{12}$/);
      assert.ok(isSameRole(given, given));
    });
  });
});

describe('fuzzed: a registry host', function () {
  this.timeout(TIMEOUT_MS);
  it('that is parsed is the host itself, with a valid account and region', () => {
    check(mutated(...HOSTS), (host) => {
      const registry = parseEcrHost(host);
      if (!registry) return;
      assert.equal(registry.host, host);
      assert.ok(URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host);
      if (registry.kind === 'private') assert.ok(host.startsWith(`${registry.account}.dkr`));
    });
  });

  it('that looks like ECR and is not valid is reported with one that is valid', () => {
    check(mutated(...HOSTS), (host) => {
      const reading = readEcrHost(host);
      if (!reading || 'kind' in reading) return;
      assertHidden(reading.flaw.replaceAll(CANARY, host.includes('@') ? CANARY : ''));
      if (reading.meant !== undefined) assert.ok(parseEcrHost(reading.meant), reading.meant);
    });
  });

  it('has no second normal form', () => {
    check(mutated(...HOSTS.map((host) => `https://${host}/v2/`), ...HOSTS), (host) => {
      const bare = normalizeHost(host);
      if (parseEcrHost(bare)) assert.equal(normalizeHost(bare), bare);
    });
  });

  it('and URLs in the configuration are accepted or have a problem that does not quote them', () => {
    check(
      mutated(`https://user:${CANARY}@airflow.example.com/a`, 'https://airflow.example.com', ...HOSTS),
      (given) => {
        for (const result of [readAirflowUrl(given), readEcrEndpoint(given), checkRegistryHost(given)]) {
          if (!result || 'result' in result) continue;
          if (given.includes(`:${CANARY}@`)) assertHidden(result);
        }
        const url = readAirflowUrl(given);
        if ('result' in url) assert.deepEqual(readAirflowUrl(url.result), url);
      },
    );
  });
});

describe('fuzzed: an image name', function () {
  this.timeout(TIMEOUT_MS);
  const IMAGES = [
    'team/app:1.0',
    'a',
    `team/app@sha256:${'a'.repeat(64)}`,
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0',
    'localhost:5000/a/b__c:latest',
  ];

  it('that is accepted is the same text, in two parts that cannot leave the path of a URL', () => {
    check(fc.oneof(mutated(...IMAGES), text()), (given) => {
      const { success, data } = imagesSchema.safeParse(given);
      if (!success) return;
      const [{ registry, image }] = data as [{ registry?: string; image: string }];
      assert.equal(registry === undefined ? image : `${registry}/${image}`, given);
      const url = new URL(`https://registry.example.com/v2/${image}`);
      assert.equal(url.href, `https://registry.example.com/v2/${image}`);
    });
  });
});
