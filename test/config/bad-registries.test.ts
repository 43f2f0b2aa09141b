import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import {
  CANARY,
  edit,
  ENV,
  VALID,
  expectProblems,
  REGISTRY,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

const ACCOUNT = 'account: "123456789012"';

function withEntries(...entries: string[]): string {
  return `${VALID}registries:\n${entries.map((text) => `  - ${text}\n`).join('')}`;
}

/** An entry with these settings in addition to its name. */
function entry(title: string, settings: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(title, withEntries(`{name: r, ${settings}}`), `8 registries[0]${key}`, code);
}

/** An entry with a custom host. */
function host(title: string, registryHost: string, code: ProblemCode): InvalidConfig {
  const settings = `region: us-east-1, ${ACCOUNT}, registryHost: "${registryHost}"`;
  return entry(`a registryHost ${title}`, settings, '.registryHost', code);
}

/** An entry in us-east-1 with an endpoint. */
function endpoint(title: string, value: string, code: ProblemCode): InvalidConfig {
  const settings = `region: us-east-1, ${ACCOUNT}, endpoint: "${value}"`;
  return entry(`an endpoint ${title}`, settings, '.endpoint', code);
}

describe('loadConfig: entries of registries', () => {
  rejectEach(
    [
      invalid('an entry that is text', withEntries('x'), '8 registries[0]', 'wrong-type'),
      entry('an entry without a region', ACCOUNT, '.region', 'missing'),
      entry('a mistyped reference', `region: {evn: REGION}, ${ACCOUNT}`, '.region', 'wrong-type'),
      entry('a reference that is a number', `region: {env: 5}, ${ACCOUNT}`, '.region', 'wrong-type'),
      entry(
        'a mistyped key of an Airflow Variable',
        `region: {airflowVariabel: a, airflow: main}, ${ACCOUNT}`,
        '.region.airflowVariabel',
        'unknown-setting',
      ),
      entry('an entry without an account', 'region: us-east-1', '.account', 'missing'),
      entry('a mistyped key of the region', `regoin: us-east-1, ${ACCOUNT}`, '.regoin', 'unknown-setting'),
      entry(
        'a mistyped key of the account',
        'region: us-east-1, acount: "123456789012"',
        '.acount',
        'unknown-setting',
      ),
      entry('an unknown kind', 'kind: pubic', '.kind', 'invalid'),
      entry('a mistyped key of the kind', 'knid: public', '.knid', 'unknown-setting'),
      entry('an invalid region', `region: virginia, ${ACCOUNT}`, '.region', 'invalid'),
      entry('a zone instead of a region', `region: us-east-1a, ${ACCOUNT}`, '.region', 'invalid'),
      entry(
        'an invalid region in a variable',
        `region: {env: AIRFLOW_PASSWORD}, ${ACCOUNT}`,
        '.region',
        'invalid',
      ),
      entry('a variable that is not set', `region: {env: NOT_SET}, ${ACCOUNT}`, '.region', 'unreadable'),
      entry(
        'an account that is a number',
        'region: us-east-1, account: 012345678901',
        '.account',
        'wrong-type',
      ),
      entry('an account of 11 digits', 'region: us-east-1, account: "12345678901"', '.account', 'invalid'),
      entry('an account of 13 digits', 'region: us-east-1, account: "1234567890123"', '.account', 'invalid'),
      entry(
        'an invalid account in a variable',
        'region: us-east-1, account: {env: AIRFLOW_PASSWORD}',
        '.account',
        'invalid',
      ),
      entry(
        'an Airflow Variable of a mistyped entry of airflows',
        'region: us-east-1, account: {airflowVariable: ecr_aws_account, airflow: mian}',
        '.account.airflow',
        'unknown-name',
      ),
      entry(
        'an Airflow Variable of an unknown entry of airflows',
        `region: {airflowVariable: ecr_aws_region_name, airflow: production}, ${ACCOUNT}`,
        '.region.airflow',
        'unknown-name',
      ),
      entry(
        'an Airflow Variable without an entry of airflows',
        'region: us-east-1, account: {airflowVariable: ecr_aws_account}',
        '.account.airflow',
        'missing',
      ),
      ...['a/b', 'a b', '..', ''].map((key) =>
        entry(
          `the key "${key}" of an Airflow Variable`,
          `region: us-east-1, account: {airflowVariable: "${key}", airflow: main}`,
          '.account.airflowVariable',
          'invalid',
        ),
      ),
      entry(
        'a key of an Airflow Variable of 251 characters',
        `region: us-east-1, account: {airflowVariable: ${'x'.repeat(251)}, airflow: main}`,
        '.account.airflowVariable',
        'too-long',
      ),
      entry('fips that is text', `region: us-east-1, ${ACCOUNT}, fips: yes`, '.fips', 'wrong-type'),
      entry(
        'fips in a region without FIPS endpoints',
        `region: eu-west-1, ${ACCOUNT}, fips: true`,
        '.fips',
        'conflict',
      ),
    ],
    {},
  );
});

describe('loadConfig: ECR Public', () => {
  rejectEach([
    entry('another region than us-east-1', 'kind: public, region: eu-west-1', '.region', 'conflict'),
    entry('an account', `kind: public, ${ACCOUNT}`, '.account', 'conflict'),
    entry('a registryHost', 'kind: public, registryHost: r.example', '.registryHost', 'conflict'),
    entry('fips', 'kind: public, fips: true', '.fips', 'conflict'),
    entry(
      'fips together with an endpoint, in one problem',
      'kind: public, fips: true, endpoint: https://ecr.example',
      '.fips',
      'conflict',
    ),
    entry(
      'dualStack together with an endpoint',
      'kind: public, dualStack: true, endpoint: https://ecr.example',
      '.dualStack',
      'conflict',
    ),
  ]);
});

describe('loadConfig: registryHost', () => {
  rejectEach([
    host('with a scheme', 'http://x', 'invalid'),
    host('with a path', 'x/y', 'invalid'),
    host('with a user name', `u:${CANARY}@x`, 'invalid'),
    host('with port 0', '127.0.0.1:0', 'invalid'),
    host('with port 65536', '127.0.0.1:65536', 'invalid'),
    host('with two dots', 'a..example', 'invalid'),
    host('with a dot at its end', 'a.example.', 'invalid'),
    host('that is empty', '', 'invalid'),
    host('with upper-case letters', 'Registry.example', 'invalid'),
    host('of ECR', '123456789012.dkr.ecr.us-east-1.amazonaws.com', 'conflict'),
    host('of ECR with a port', '123456789012.dkr-ecr.eu-west-1.on.aws:443', 'conflict'),
    host('of ECR with an account of 11 digits', '12345678901.dkr.ecr.us-east-1.amazonaws.com', 'invalid'),
    host(
      'of ECR in another partition than its region',
      '123456789012.dkr.ecr.us-east-1.amazonaws.com.cn',
      'invalid',
    ),
    host('of ECR Public', 'public.ecr.aws', 'conflict'),
    host('of ECR Public for dual-stack', 'ecr-public.aws.com', 'conflict'),
    host('that looks like ECR Public', 'public.ecr.amazonaws.com', 'invalid'),
    host('with the metadata address', '169.254.169.254', 'link-local'),
    host('with the metadata address and a port', '169.254.169.254:80', 'link-local'),
  ]);
});

describe('loadConfig: ECR endpoints', () => {
  rejectEach([
    endpoint('that is only a host', 'vpce-0.api.ecr.us-east-1.vpce.amazonaws.com', 'invalid'),
    endpoint('with an unexpanded variable', 'https://${VPCE}', 'invalid'),
    endpoint('with a space', 'https://x y', 'invalid'),
    endpoint('with port 0', 'https://ecr.example:0', 'invalid'),
    endpoint('with http:// for another host than loopback', 'http://ecr.example', 'unencrypted'),
    endpoint('with another scheme', 'ftp://127.0.0.1', 'unencrypted'),
    endpoint('with a user name', `https://${CANARY}@ecr.example`, 'invalid'),
    endpoint('with a password', `https://:${CANARY}@ecr.example`, 'invalid'),
    endpoint('with a path', 'https://ecr.example/x', 'invalid'),
    endpoint('with a query', `https://ecr.example?x=${CANARY}`, 'invalid'),
    endpoint('with an empty fragment', 'https://ecr.example#', 'invalid'),
    endpoint('with the metadata address', 'https://169.254.169.254', 'link-local'),
    endpoint('with the IPv6 metadata address', 'https://[fd00:ec2::254]', 'link-local'),
    endpoint('in another region', 'https://vpce-0.api.ecr.eu-west-1.vpce.amazonaws.com', 'mismatch'),
    entry(
      'an endpoint together with fips',
      `region: us-east-1, ${ACCOUNT}, fips: true, endpoint: https://ecr.example`,
      '.fips',
      'conflict',
    ),
    entry(
      'an endpoint together with dualStack',
      `region: us-east-1, ${ACCOUNT}, dualStack: true, endpoint: https://ecr.example`,
      '.dualStack',
      'conflict',
    ),
  ]);
});

describe('loadConfig: duplicate registries', () => {
  const VARIABLES =
    'region: {airflowVariable: r, airflow: main}, account: {airflowVariable: a, airflow: main}';
  rejectEach([
    invalid(
      'a duplicate name',
      withEntries(REGISTRY, REGISTRY.replace('5000', '5001')),
      '9 registries[1].name',
      'duplicate',
    ),
    invalid(
      'a duplicate host',
      withEntries(REGISTRY, REGISTRY.replace('sandbox', 'b')),
      '9 registries[1].registryHost',
      'duplicate',
    ),
    invalid(
      'a duplicate host with another account',
      withEntries(REGISTRY, REGISTRY.replace('sandbox', 'b').replace('123456789012', '999999999999')),
      '9 registries[1].registryHost',
      'duplicate',
    ),
    invalid(
      'a duplicate ECR Public',
      withEntries('{name: a, kind: public}', '{name: b, kind: public, region: us-east-1}'),
      '9 registries[1].kind',
      'duplicate',
    ),
    ...[
      `region: us-east-1, ${ACCOUNT}`,
      'region: us-east-1, account: {airflowVariable: a, airflow: main}',
      `region: {airflowVariable: r, airflow: main}, ${ACCOUNT}`,
      VARIABLES,
      `region: us-east-1, ${ACCOUNT}, credentials: {profile: p}`,
      `region: us-east-1, ${ACCOUNT}, fips: true`,
    ].map((settings) =>
      invalid(
        `a duplicate account and region (${settings})`,
        withEntries(`{name: a, ${settings}}`, `{name: b, ${settings}}`),
        '9 registries[1].account',
        'duplicate',
      ),
    ),
  ]);

  const write = useConfigFolder();
  for (const { difference, first, second } of [
    { difference: 'credentials', first: 'credentials: {profile: a}', second: 'credentials: {profile: b}' },
    {
      difference: 'credentials that only one of them has',
      first: 'credentials: {profile: a}',
      second: 'fips: false',
    },
    { difference: 'FIPS', first: 'fips: true', second: 'fips: false' },
    {
      difference: 'an endpoint',
      first: 'endpoint: https://a.example',
      second: 'endpoint: https://b.example',
    },
  ] as const) {
    it(`accepts two entries that differ in ${difference}`, () => {
      const settings = `region: us-east-1, ${ACCOUNT}`;
      const text = withEntries(`{name: a, ${settings}, ${first}}`, `{name: b, ${settings}, ${second}}`);
      assert.equal(loadConfig(write(text), ENV).registries.length, 2);
    });
  }

  it('accepts one host with two regions, because connections name the entry', () => {
    const text = withEntries(REGISTRY, REGISTRY.replace('sandbox', 'b').replace('us-east-1', 'us-west-2'));
    assert.equal(loadConfig(write(text), ENV).registries.length, 2);
  });

  it('reports all problems of an entry together', () => {
    const text = withEntries(
      '{name: a, region: virginia, account: "1", registryHost: http://x, endpoint: x, credentials: {}}',
    );
    assert.deepEqual(
      showPlaces(expectProblems(write(text))),
      ['region', 'account', 'credentials', 'endpoint', 'registryHost'].map(
        (key) => `8 registries[0].${key} ${key === 'credentials' ? 'missing' : 'invalid'}`,
      ),
    );
  });
});

describe('loadConfig: warnings about registries', () => {
  const write = useConfigFolder();

  const named = '{id: docker_default, registry: r}';

  for (const { title, settings, connection, warnings } of [
    {
      title: 'a mistyped region',
      settings: `region: us-esat-1, ${ACCOUNT}`,
      connection: named,
      warnings: ['8 registries[0].region unknown-region'],
    },
    {
      title: 'an unknown region',
      settings: `region: xx-new-9, ${ACCOUNT}`,
      connection: named,
      warnings: ['8 registries[0].region unknown-region'],
    },
    {
      title: 'a known region',
      settings: `region: us-isof-south-1, ${ACCOUNT}`,
      connection: named,
      warnings: [],
    },
    {
      title: 'an entry that no connection refers to',
      settings: `region: us-east-1, ${ACCOUNT}`,
      connection: 'docker_default',
      warnings: ['8 registries[0] unused'],
    },
    {
      title: 'ECR Public that no connection refers to',
      settings: 'kind: public',
      connection: 'docker_default',
      warnings: ['8 registries[0] unused'],
    },
    {
      title: 'an entry with an Airflow Variable that no connection refers to',
      settings: 'region: us-east-1, account: {airflowVariable: a, airflow: main}, credentials: {profile: p}',
      connection: 'docker_default',
      warnings: ['8 registries[0] unused'],
    },
    {
      title: 'an entry with credentials',
      settings: `region: us-east-1, ${ACCOUNT}, credentials: {profile: p}`,
      connection: 'docker_default',
      warnings: [],
    },
    {
      title: 'an entry with fips',
      settings: `region: us-east-1, ${ACCOUNT}, fips: true`,
      connection: 'docker_default',
      warnings: [],
    },
    {
      title: 'an entry with dualStack',
      settings: `region: us-east-1, ${ACCOUNT}, dualStack: true`,
      connection: 'docker_default',
      warnings: [],
    },
    {
      title: 'an entry with an endpoint',
      settings: `region: us-east-1, ${ACCOUNT}, endpoint: https://e.example`,
      connection: 'docker_default',
      warnings: [],
    },
    {
      title: 'an entry with a host',
      settings: `region: us-east-1, ${ACCOUNT}, registryHost: r.example`,
      connection: 'docker_default',
      warnings: [],
    },
  ] as const) {
    it(`${warnings.length === 0 ? 'does not warn' : 'warns'} about ${title}`, () => {
      const valid = edit('docker_default', connection).replace('airflow.example.com', 'a');
      const path = write(`${valid}registries:\n  - {name: r, ${settings}}\n`);
      assert.deepEqual(showPlaces(expectWarnings(path)), warnings);
    });
  }
});
