import assert from 'node:assert/strict';

import { loadConfig } from '../../src/config/load.js';
import { badExactly, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, ENV, GOOD, problemsOf, REGISTRY, useConfigFolder } from './config-folder.js';

const ACCOUNT = 'account: "123456789012"';
const EXAMPLES = {
  region: 'Write for example `region: us-east-1`.',
  account: 'Write for example `account: "123456789012"`.',
  kind: 'Write for example `kind: public`.',
  registryHost: 'Write for example `registryHost: 127.0.0.1:5000`.',
  endpoint: 'Write for example `endpoint: https://vpce-….api.ecr.us-east-1.vpce.amazonaws.com`.',
};
const FIPS_REGIONS = 'us-east-1, us-east-2, us-west-1, us-west-2, us-gov-east-1, us-gov-west-1';

function withEntries(...entries: string[]): string {
  return `${GOOD}registries:\n${entries.map((text) => `  - ${text}\n`).join('')}`;
}

/** An entry with these settings beside its name. */
function entry(title: string, settings: string, key: string, message: string, remedy: string): BadConfig {
  return badExactly(title, withEntries(`{name: r, ${settings}}`), `8 registries[0]${key}`, message, remedy);
}

/** An entry for a host of its own. */
function host(title: string, registryHost: string, message: string, remedy: string): BadConfig {
  const settings = `region: us-east-1, ${ACCOUNT}, registryHost: "${registryHost}"`;
  return entry(`a registryHost ${title}`, settings, '.registryHost', message, remedy);
}

/** An entry in us-east-1 with an endpoint. */
function endpoint(title: string, value: string, message: string, remedy = EXAMPLES.endpoint): BadConfig {
  const settings = `region: us-east-1, ${ACCOUNT}, endpoint: "${value}"`;
  return entry(`an endpoint ${title}`, settings, '.endpoint', message, remedy);
}

describe('a configuration with entries of registries in the wrong form', () => {
  const noRegion = 'is no AWS region';
  const noAccount = 'is no AWS account: twelve digits';
  const neither = 'is neither text, nor {env: NAME}, {file: PATH} or {airflowVariable: KEY, airflow: NAME}';
  const noKey = 'is no key of an Airflow Variable: no blanks, no slashes';
  const keyExample = 'Write for example `airflowVariable: ecr_aws_account`.';
  refuseEach(
    [
      badExactly(
        'an entry that is text',
        withEntries('x'),
        '8 registries[0]',
        'is not a mapping of settings',
        'Write for example `registries: [{name: eu, region: eu-west-1, account: "123456789012"}]`.',
      ),
      entry('an entry without region', ACCOUNT, '.region', 'is missing', EXAMPLES.region),
      entry('an entry without account', 'region: us-east-1', '.account', 'is missing', EXAMPLES.account),
      entry(
        'a mistyped region, once',
        `regoin: us-east-1, ${ACCOUNT}`,
        '.regoin',
        'is no setting of this release',
        'Did you mean `region`?',
      ),
      entry(
        'a mistyped account, once',
        'region: us-east-1, acount: "123456789012"',
        '.acount',
        'is no setting of this release',
        'Did you mean `account`?',
      ),
      entry('an unknown kind, once', 'kind: pubic', '.kind', 'is neither private nor public', EXAMPLES.kind),
      entry(
        'a mistyped kind, once',
        'knid: public',
        '.knid',
        'is no setting of this release',
        'Did you mean `kind`?',
      ),
      entry('a region that is none', `region: virginia, ${ACCOUNT}`, '.region', noRegion, EXAMPLES.region),
      entry(
        'a zone in place of a region',
        `region: us-east-1a, ${ACCOUNT}`,
        '.region',
        noRegion,
        EXAMPLES.region,
      ),
      entry(
        'a variable that is no region',
        `region: {env: AIRFLOW_PASSWORD}, ${ACCOUNT}`,
        '.region',
        noRegion,
        EXAMPLES.region,
      ),
      entry(
        'a variable that is not set',
        `region: {env: NOT_SET}, ${ACCOUNT}`,
        '.region',
        'environment variable NOT_SET is not set',
        'Set NOT_SET in the environment of this process, or write {file: PATH}.',
      ),
      entry(
        'an account that is a number',
        'region: us-east-1, account: 012345678901',
        '.account',
        'is not text',
        'Put it in quotes: `account: "123456789012"`.',
      ),
      entry(
        'an account of 11 digits',
        'region: us-east-1, account: "12345678901"',
        '.account',
        noAccount,
        EXAMPLES.account,
      ),
      entry(
        'an account of 13 digits',
        'region: us-east-1, account: "1234567890123"',
        '.account',
        noAccount,
        EXAMPLES.account,
      ),
      entry(
        'a variable that is no account',
        'region: us-east-1, account: {env: AIRFLOW_PASSWORD}',
        '.account',
        noAccount,
        EXAMPLES.account,
      ),
      entry(
        'a variable of an airflow that is mistyped',
        'region: us-east-1, account: {airflowVariable: ecr_aws_account, airflow: mian}',
        '.account.airflow',
        'names no airflow of this configuration',
        'Did you mean `main`?',
      ),
      entry(
        'a variable of an airflow that is unknown',
        `region: {airflowVariable: ecr_aws_region_name, airflow: production}, ${ACCOUNT}`,
        '.region.airflow',
        'names no airflow of this configuration',
        'Write one of main, or add it to `airflows`.',
      ),
      entry(
        'a variable of no airflow',
        'region: us-east-1, account: {airflowVariable: ecr_aws_account}',
        '.account',
        neither,
        EXAMPLES.account,
      ),
      ...['a/b', 'a b', '..', ''].map((key) =>
        entry(
          `the key "${key}" of a variable`,
          `region: us-east-1, account: {airflowVariable: "${key}", airflow: main}`,
          '.account.airflowVariable',
          noKey,
          keyExample,
        ),
      ),
      entry(
        'a key of 251 characters',
        `region: us-east-1, account: {airflowVariable: ${'x'.repeat(251)}, airflow: main}`,
        '.account.airflowVariable',
        'is longer than 250 characters',
        keyExample,
      ),
      entry(
        'fips that is text',
        `region: us-east-1, ${ACCOUNT}, fips: yes`,
        '.fips',
        'is not true or false',
        'Write for example `fips: true`.',
      ),
      entry(
        'fips in a region that has none',
        `region: eu-west-1, ${ACCOUNT}, fips: true`,
        '.fips',
        'asks for what ECR does not have in eu-west-1',
        `Remove it; ECR has FIPS endpoints in ${FIPS_REGIONS}.`,
      ),
    ],
    {},
  );
});

describe('a configuration with ECR Public in the wrong form', () => {
  refuseEach([
    entry(
      'another region',
      'kind: public, region: eu-west-1',
      '.region',
      'is not us-east-1, where alone ECR Public issues tokens',
      'Remove it.',
    ),
    entry(
      'an account',
      `kind: public, ${ACCOUNT}`,
      '.account',
      'stands beside kind: public, which is of no account',
      'Remove it.',
    ),
    entry(
      'a host',
      'kind: public, registryHost: r.example',
      '.registryHost',
      'stands beside kind: public, which has hosts of its own',
      'Remove it.',
    ),
    entry(
      'fips',
      'kind: public, fips: true',
      '.fips',
      'asks for what ECR Public does not have',
      'Remove it.',
    ),
    entry(
      'fips beside an endpoint, once',
      'kind: public, fips: true, endpoint: https://ecr.example',
      '.fips',
      'asks for what ECR Public does not have',
      'Remove it.',
    ),
    entry(
      'dualStack beside an endpoint',
      'kind: public, dualStack: true, endpoint: https://ecr.example',
      '.dualStack',
      'stands beside endpoint, which is asked in place of it',
      'Remove one of the two.',
    ),
  ]);
});

describe('a configuration with hosts of registries that cannot be used', () => {
  const noHost = 'is no host or host:port';
  const toAccount =
    'Remove `registryHost`: it follows from account and region. Connections with this host need no entry at all.';
  const looks = 'looks like a host of ECR and is none: ';
  const then = 'then remove `registryHost`: hosts of ECR follow from account and region.';
  const linkLocal = 'is a link-local address, where clouds keep their credentials';
  refuseEach([
    host(
      'with a scheme',
      'http://x',
      'has a scheme',
      'Write the host alone: `registryHost: 127.0.0.1:5000`.',
    ),
    host('with a path', 'x/y', noHost, EXAMPLES.registryHost),
    host('with a user', `u:${CANARY}@x`, noHost, EXAMPLES.registryHost),
    host('with port 0', '127.0.0.1:0', noHost, EXAMPLES.registryHost),
    host('with port 65536', '127.0.0.1:65536', noHost, EXAMPLES.registryHost),
    host('with two dots', 'a..example', noHost, EXAMPLES.registryHost),
    host('with a dot at its end', 'a.example.', noHost, EXAMPLES.registryHost),
    host('of nothing', '', noHost, EXAMPLES.registryHost),
    host(
      'in capitals',
      'Registry.example',
      'has capital letters: Docker would not find its credentials',
      'Write it in lower case, here and in the connections.',
    ),
    host(
      "of ECR's own",
      '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      'is a host of ECR itself, of account 123456789012 in us-east-1',
      toAccount,
    ),
    host(
      "of ECR's own with a port",
      '123456789012.dkr-ecr.eu-west-1.on.aws:443',
      'is a host of ECR itself, of account 123456789012 in eu-west-1',
      toAccount,
    ),
    host(
      'with a digit too few',
      '12345678901.dkr.ecr.us-east-1.amazonaws.com',
      `${looks}its account has 11 digits, and accounts have twelve`,
      `Check it; ${then}`,
    ),
    host(
      'of another partition than its region',
      '123456789012.dkr.ecr.us-east-1.amazonaws.com.cn',
      `${looks}region us-east-1 is of partition aws, whose registries do not end in amazonaws.com.cn`,
      `Check it; \`123456789012.dkr.ecr.us-east-1.amazonaws.com\` was meant, perhaps; ${then}`,
    ),
    host(
      'of ECR Public',
      'public.ecr.aws',
      'is ECR Public',
      'Write `kind: public` in place of account, region and `registryHost`.',
    ),
    host(
      'of ECR Public with dual-stack',
      'ecr-public.aws.com',
      'is ECR Public',
      'Write `kind: public` in place of account, region and `registryHost`.',
    ),
    host(
      'that looks like ECR Public',
      'public.ecr.amazonaws.com',
      `${looks}ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com`,
      `Check it; \`public.ecr.aws\` was meant, perhaps; ${then}`,
    ),
    host('at the metadata address', '169.254.169.254', linkLocal, 'Name the host of a registry.'),
    host(
      'at the metadata address with a port',
      '169.254.169.254:80',
      linkLocal,
      'Name the host of a registry.',
    ),
  ]);
});

describe('a configuration with endpoints of ECR that cannot be used', () => {
  const noUrl = 'is no URL';
  const more = 'has more than a host and a port';
  const clear = 'is not https://: tokens would cross the network in clear';
  const linkLocal = 'is a link-local address, where clouds keep their credentials';
  refuseEach([
    endpoint('that is a host alone', 'vpce-0.api.ecr.us-east-1.vpce.amazonaws.com', noUrl),
    endpoint('that nobody has filled in', 'https://${VPCE}', noUrl),
    endpoint('with a blank', 'https://x y', noUrl),
    endpoint('with port 0', 'https://ecr.example:0', noUrl),
    endpoint('of http:// beyond loopback', 'http://ecr.example', clear),
    endpoint('of another scheme', 'ftp://127.0.0.1', clear),
    endpoint('with a user', `https://${CANARY}@ecr.example`, more),
    endpoint('with a password', `https://:${CANARY}@ecr.example`, more),
    endpoint('with a path', 'https://ecr.example/x', more),
    endpoint('with a query', `https://ecr.example?x=${CANARY}`, more),
    endpoint('with an empty fragment', 'https://ecr.example#', more),
    endpoint('at the metadata address', 'https://169.254.169.254', linkLocal),
    endpoint('at the metadata address of IPv6', 'https://[fd00:ec2::254]', linkLocal),
    endpoint(
      'of another region',
      'https://vpce-0.api.ecr.eu-west-1.vpce.amazonaws.com',
      'is of region eu-west-1, and the registry of us-east-1',
      'Name an endpoint of us-east-1, or write `region: eu-west-1`.',
    ),
    entry(
      'an endpoint beside fips',
      `region: us-east-1, ${ACCOUNT}, fips: true, endpoint: https://ecr.example`,
      '.fips',
      'stands beside endpoint, which is asked in place of it',
      'Remove one of the two.',
    ),
    entry(
      'an endpoint beside dualStack',
      `region: us-east-1, ${ACCOUNT}, dualStack: true, endpoint: https://ecr.example`,
      '.dualStack',
      'stands beside endpoint, which is asked in place of it',
      'Remove one of the two.',
    ),
  ]);
});

describe('a configuration with a registry twice', () => {
  const VARIABLES =
    'region: {airflowVariable: r, airflow: main}, account: {airflowVariable: a, airflow: main}';
  const rename = 'Remove or rename one of the two.';
  refuseEach([
    badExactly(
      'a name',
      withEntries(REGISTRY, REGISTRY.replace('5000', '5001')),
      '9 registries[1].name',
      'repeats the name of registries[0].name',
      rename,
    ),
    badExactly(
      'a host',
      withEntries(REGISTRY, REGISTRY.replace('sandbox', 'b')),
      '9 registries[1].registryHost',
      'repeats the host of registries[0].registryHost',
      rename,
    ),
    badExactly(
      'a host with another account',
      withEntries(REGISTRY, REGISTRY.replace('sandbox', 'b').replace('123456789012', '999999999999')),
      '9 registries[1].registryHost',
      'repeats the host of registries[0].registryHost',
      rename,
    ),
    badExactly(
      'ECR Public',
      withEntries('{name: a, kind: public}', '{name: b, kind: public, region: us-east-1}'),
      '9 registries[1].kind',
      'repeats the kind of registries[0].kind',
      rename,
    ),
    ...[
      `region: us-east-1, ${ACCOUNT}`,
      'region: us-east-1, account: {airflowVariable: a, airflow: main}',
      `region: {airflowVariable: r, airflow: main}, ${ACCOUNT}`,
      VARIABLES,
      `region: us-east-1, ${ACCOUNT}, credentials: {profile: p}`,
      `region: us-east-1, ${ACCOUNT}, fips: true`,
    ].map((settings) =>
      badExactly(
        `an account and region (${settings})`,
        withEntries(`{name: a, ${settings}}`, `{name: b, ${settings}}`),
        '9 registries[1].account',
        'repeats account and region of registries[0].account',
        rename,
      ),
    ),
  ]);

  const write = useConfigFolder();
  for (const { difference, first, second } of [
    { difference: 'credentials', first: 'credentials: {profile: a}', second: 'credentials: {profile: b}' },
    {
      difference: 'credentials where one has none',
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
    it(`is accepted when the two differ by ${difference}`, () => {
      const settings = `region: us-east-1, ${ACCOUNT}`;
      const text = withEntries(`{name: a, ${settings}, ${first}}`, `{name: b, ${settings}, ${second}}`);
      assert.equal(loadConfig(write(text), ENV).registries.length, 2);
    });
  }

  it('is told together with every other fault of the entries', () => {
    const text = withEntries(
      '{name: a, region: virginia, account: "1", registryHost: http://x, endpoint: x, credentials: {}}',
    );
    assert.deepEqual(
      problemsOf(write(text)).map(({ path }) => path),
      ['registryHost', 'region', 'account', 'endpoint', 'credentials'].map((key) => `registries[0].${key}`),
    );
  });
});

describe('a configuration with registries that can hardly be meant', () => {
  const write = useConfigFolder();

  function warningsOf(settings: string, connection = 'docker_default'): string[] {
    const text = `${edit('docker_default', connection).replace('airflow.example.com', 'a')}registries:\n  - {name: r, ${settings}}\n`;
    return loadConfig(write(text), ENV).warnings.map(
      ({ line, path, message, remedy }) => `${line} ${path}: ${message}. ${remedy}`,
    );
  }

  const named = '{id: docker_default, registry: r}';
  const idle =
    '8 registries[0]: has no effect: no connection names it. Name it by `registry: r` in an entry of `connections`, ' +
    'or remove it: a host of ECR tells its own account and region.';
  const unknown = '8 registries[0].region: is no AWS region that this release knows. ';

  for (const { title, settings, connection, warnings } of [
    {
      title: 'a region that is mistyped',
      settings: `region: us-esat-1, ${ACCOUNT}`,
      connection: named,
      warnings: [`${unknown}Did you mean \`us-east-1\`?`],
    },
    {
      title: 'a region that is unknown',
      settings: `region: xx-new-9, ${ACCOUNT}`,
      connection: named,
      warnings: [`${unknown}Fix it, unless the region is new.`],
    },
    {
      title: 'a region that is known',
      settings: `region: us-isof-south-1, ${ACCOUNT}`,
      connection: named,
      warnings: [],
    },
    {
      title: 'an entry that no connection names',
      settings: `region: us-east-1, ${ACCOUNT}`,
      connection: 'docker_default',
      warnings: [idle],
    },
    {
      title: 'ECR Public that no connection names',
      settings: 'kind: public',
      connection: 'docker_default',
      warnings: [idle],
    },
    {
      title: 'an Airflow Variable that no connection needs, whatever else the entry says',
      settings: 'region: us-east-1, account: {airflowVariable: a, airflow: main}, credentials: {profile: p}',
      connection: 'docker_default',
      warnings: [idle],
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
    it(`has ${warnings.length === 0 ? 'no warning' : 'a warning'} of ${title}`, () =>
      assert.deepEqual(warningsOf(settings, connection), warnings));
  }
});
