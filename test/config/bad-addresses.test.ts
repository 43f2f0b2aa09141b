import assert from 'node:assert/strict';

import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD, REGISTRY } from './config-folder.js';

function url(title: string, value: string, message: RegExp, remedy: RegExp): BadConfig {
  const text = edit('https://airflow.example.com', value);
  return bad(`a URL ${title}`, text, '4 airflows[0].url', message, remedy);
}

function registry(
  title: string,
  from: string,
  to: string,
  key: string,
  message: RegExp,
  remedy: RegExp,
): BadConfig {
  assert.ok(REGISTRY.includes(from));
  const text = `${GOOD}registries:\n  - ${REGISTRY.replace(from, to)}\n`;
  return bad(`a registry ${title}`, text, `8 registries[0]${key}`, message, remedy);
}

const ADDRESSES: BadConfig[] = [
  url('that is none', 'airflow', /no URL/, /https:\/\/airflow\.example\.com/),
  url('without slashes', 'https:airflow', /no URL/, /https:\/\//),
  url('of another scheme', 'ftp://airflow', /neither/, /https:\/\//),
  url(
    'with user and password',
    `https://u:${CANARY}@airflow.example.com`,
    /user name or password/,
    /under `auth`/,
  ),
  url('with a query', `https://airflow.example.com/?p=${CANARY}`, /query/, /before \?/),
  url('with an empty fragment', '"https://airflow.example.com/#"', /fragment/, /before \?/),
  url(
    'that ends in /api/v2',
    'https://airflow.example.com/x/api/v2/',
    /path of the API/,
    /before \/api: the worker adds it/,
  ),
  url('that ends in /api/v1', 'https://airflow.example.com/api/v1', /path of the API/, /before \/api/),
  url(
    'of an address in the API',
    'https://airflow.example.com/api/v2/connections',
    /path of the API/,
    /before \/api/,
  ),
  url('with a variable in it', '"https://${HOST}/"', /no valid host/, /`url: \{env: NAME\}`/),
  url('with port 0', 'https://airflow.example.com:0', /no valid host or port/, /https:/),
  ...['169.254.170.2', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'].map((host) =>
    url(`of the link-local address ${host}`, `"https://${host}"`, /link-local/, /host of Airflow/),
  ),
  url('of http:// beyond loopback', 'http://airflow.example.com', /in clear/, /allowInsecureHttp: true/),
  url(
    'of http:// with a host that begins like loopback',
    'http://127.0.0.1.example.com',
    /in clear/,
    /https/,
  ),
  url('of http:// at a private address', 'http://10.0.0.1', /in clear/, /allowInsecureHttp/),
  url('of the metadata address', 'http://169.254.169.254', /link-local/, /host of Airflow/),
  url('of the metadata address as a number', 'http://2852039166', /link-local/, /host of Airflow/),
  url('that is a number', '12', /not text/, /in quotes/),
  url('from a variable, with a secret in it', '{env: BAD_URL}', /user name or password/, /under `auth`/),
  registry('with a scheme', '127.0.0.1:5000', 'http://x', '.registryHost', /scheme/, /host alone/),
  registry('with a path', '127.0.0.1:5000', 'x/y', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('with port 0', '5000', '0', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('with port 65536', '5000', '65536', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('in capitals', '127.0.0.1:5000', 'Registry.example', '.registryHost', /capital/, /lower case/),
  registry(
    "of ECR's own hosts",
    '127.0.0.1:5000',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    '.registryHost',
    /ECR itself/,
    /Remove `registryHost`: it follows from account and region/,
  ),
  registry(
    "of ECR's own hosts, with a port",
    '127.0.0.1:5000',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com:443',
    '.registryHost',
    /ECR itself/,
    /Remove `registryHost`: it follows from account and region/,
  ),
  registry(
    "of ECR's hosts with a digit too few",
    '127.0.0.1:5000',
    '12345678901.dkr.ecr.us-east-1.amazonaws.com',
    '.registryHost',
    /looks like a host of ECR/,
    /twelve digits/,
  ),
  registry('of ECR Public', '127.0.0.1:5000', 'public.ecr.aws', '.registryHost', /ECR Public/, /Remove/),
  registry(
    'at the metadata address',
    '127.0.0.1:5000',
    '169.254.169.254',
    '.registryHost',
    /link-local/,
    /Name/,
  ),
  registry(
    'with an account that is a number',
    '"123456789012"',
    '012345678901',
    '.account',
    /not text/,
    /in quotes: `account: "123456789012"`/,
  ),
  registry(
    'with an account of 11 digits',
    '123456789012',
    '12345678901',
    '.account',
    /twelve digits/,
    /"123456789012"/,
  ),
  registry(
    'with a variable that is no account',
    '"123456789012"',
    '{env: AIRFLOW_PASSWORD}',
    '.account',
    /twelve digits/,
    /account: "/,
  ),
  registry(
    'with a variable of an unknown airflow',
    '"123456789012"',
    '{airflowVariable: ecr_aws_account, airflow: mian}',
    '.account.airflow',
    /names no airflow/,
    /Did you mean `main`/,
  ),
  registry(
    'with a region in an unknown airflow',
    'us-east-1',
    '{airflowVariable: ecr_aws_region_name, airflow: production}',
    '.region.airflow',
    /names no airflow/,
    /Write one of main, or add it to `airflows`/,
  ),
  registry(
    'with a variable of no airflow',
    '"123456789012"',
    '{airflowVariable: ecr_aws_account}',
    '.account',
    /\{airflowVariable: KEY, airflow: NAME\}/,
    /account: "123456789012"/,
  ),
  ...['a/b', 'a b', '..', ''].map((key) =>
    registry(
      `with the key "${key}" of a variable`,
      '"123456789012"',
      `{airflowVariable: "${key}", airflow: main}`,
      '.account.airflowVariable',
      /no key of an Airflow Variable/,
      /airflowVariable: ecr_aws_account/,
    ),
  ),
  registry(
    'with a key of 251 characters',
    '"123456789012"',
    `{airflowVariable: ${'x'.repeat(251)}, airflow: main}`,
    '.account.airflowVariable',
    /longer than 250/,
    /ecr_aws_account/,
  ),
  registry('with no region', 'us-east-1', 'virginia', '.region', /no AWS region/, /us-east-1/),
  registry(
    'with credentials, which this release lacks',
    'name: sandbox',
    'name: sandbox, credentials: {}',
    '.credentials',
    /this release/,
    /registryHost/,
  ),
  registry(
    'with a kind, which this release lacks',
    'name: sandbox',
    'name: sandbox, kind: public',
    '.kind',
    /this release/,
    /registryHost/,
  ),
];

const DUPLICATES: BadConfig[] = [
  bad(
    'a connection twice',
    edit('docker_default', 'a, b, a'),
    '6 airflows[0].connections[2]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'a name of an airflow twice',
    `${GOOD}  - {name: main, url: "https://b", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}\n`,
    '7 airflows[1].name',
    /repeats the name of airflows\[0\]\.name/,
    /rename/,
  ),
  bad(
    'a connection of the same URL twice',
    `${GOOD}  - {name: b, url: "https://AIRFLOW.example.com:443/", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [x, docker_default]}\n`,
    '7 airflows[1].connections[1]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'a name of a registry twice',
    `${GOOD}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('5000', '5001')}\n`,
    '9 registries[1].name',
    /registries\[0\]\.name/,
    /rename/,
  ),
  bad(
    'a host of a registry twice',
    `${GOOD}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('sandbox', 'b')}\n`,
    '9 registries[1].registryHost',
    /registries\[0\]\.registryHost/,
    /Remove/,
  ),
  ...[
    'region: us-east-1, account: "123456789012"',
    'region: us-east-1, account: {airflowVariable: a, airflow: main}',
  ].map((settings) =>
    bad(
      `a registry of ECR twice (${settings})`,
      `${GOOD}registries:\n  - {name: a, ${settings}}\n  - {name: b, ${settings}}\n`,
      '9 registries[1].account',
      /repeats account and region of registries\[0\]\.account/,
      /Remove/,
    ),
  ),
  bad(
    'an engine twice',
    `${GOOD}docker: {engines: ["unix:///a", "unix:///a"]}\n`,
    '7 docker.engines[1]',
    /docker\.engines\[0\]/,
    /Remove/,
  ),
];

describe('a configuration with addresses that cannot be used', () => {
  refuseEach(ADDRESSES, { BAD_URL: `https://u:${CANARY}@x` });
});

describe('a configuration that says something twice', () => {
  refuseEach(DUPLICATES);
});
