import assert from 'node:assert/strict';
import { airflowSettings } from '../fakes/fake-config.js';
import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import { loadConfig } from '../../src/config/load.js';
import { configJsonSchema } from '../../src/config/settings.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { generateDocs } from '../../scripts/dev/generate-docs.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { CANARY, edit, ENV, VALID, expectProblems, showPlaces, useConfigFolder } from './config-folder.js';

const AUTH = '{username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const URL_LINE = '    url: https://airflow.example.com\n';

describe('loadConfig: auth', () => {
  const write = useConfigFolder();

  it('reads a token again at each login', () => {
    write('one\n', 'token');
    const { stores: airflows } = loadConfig(write(edit(AUTH, '{token: {file: token}}')), {});
    const auth = airflowSettings(airflows[0])?.auth;
    assert.ok(auth?.kind === 'token');
    assert.equal(auth.readToken().reveal(), 'one');
    write('two\n', 'token');
    assert.equal(auth.readToken().reveal(), 'two');
  });

  it('fails with ConfigInvalid when the token gets a line break', () => {
    write('one', 'token');
    const auth = airflowSettings(loadConfig(write(edit(AUTH, '{token: {file: token}}')), {}).stores[0])?.auth;
    write(`${CANARY}\nmore`, 'token');
    assert.throws(
      () => auth?.kind === 'token' && auth.readToken(),
      (error) =>
        error instanceof RefreshFailure &&
        error.type === 'ConfigInvalid' &&
        /^airflows\[0\]\.auth\.token: .*line break/.test(error.message) &&
        !error.message.includes(CANARY),
    );
  });

  it('reads the references of a token request again at each login', () => {
    write('one\n', 'assertion');
    const body = '{grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: {file: assertion}}';
    const text = edit(AUTH, `{tokenRequest: {body: ${body}, headers: {Authorization: {env: KEY}}}}`);
    const auth = airflowSettings(loadConfig(write(text), { KEY: 'Basic a' }).stores[0])?.auth;
    assert.ok(auth?.kind === 'token-request');
    const show = () => [...auth.body, ...auth.headers].map(({ name, read }) => `${name}: ${read().reveal()}`);
    const others = ['grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer', 'Authorization: Basic a'];
    assert.deepEqual(show(), ['assertion: one', ...others]);
    write('two\n', 'assertion');
    assert.deepEqual(show(), ['assertion: two', ...others]);
  });

  it('accepts fields of a token request that describe a secret in plain text', () => {
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const text = edit(AUTH, `{tokenRequest: {body: {client_assertion_type: "${type}", jwt: {env: KEY}}}}`);
    loadConfig(write(text), { KEY: CANARY });
  });

  it('accepts MWAA without a URL, and references for its settings', () => {
    const text = edit(URL_LINE, '').replace(
      AUTH,
      '{mwaa: {environment: {env: WHERE}, region: {env: REGION}}}',
    );
    const env = { WHERE: 'my-environment', REGION: 'eu-west-1' };
    const [airflow] = loadConfig(write(text), env).stores;
    assert.deepEqual(airflowSettings(airflow)?.auth, {
      kind: 'mwaa',
      environment: 'my-environment',
      region: 'eu-west-1',
      principal: { kind: 'default', name: 'default' },
    });
    assert.ok(airflow && !('url' in airflow));
  });

  it('accepts MWAA environments of one name in several accounts, each with its principal', () => {
    const arn = (account: string): string => `arn:aws:iam::${account}:role/refresh`;
    const settings = [
      '',
      `, roleArn: "${arn('123456789012')}"`,
      `, roleArn: "${arn('210987654321')}", externalId: data, via: ["${arn('111122223333')}"]`,
      ', profile: production',
    ];
    const airflows = settings.map(
      (more, index) =>
        `  - {name: m${index}, auth: {mwaa: {environment: e, region: us-east-1${more}}}, connections: [a]}\n`,
    );
    const { stores } = loadConfig(write(`version: 1\nairflows:\n${airflows.join('')}`), {});
    assert.deepEqual(
      stores.map(({ deployment }) => deployment),
      [
        'mwaa us-east-1 e',
        'mwaa us-east-1 e 123456789012',
        'mwaa us-east-1 e 210987654321',
        'mwaa us-east-1 e profile:production',
      ],
    );
    const auth = airflowSettings(stores[2])?.auth;
    assert.deepEqual(auth?.kind === 'mwaa' && { ...auth.principal, name: '' }, {
      kind: 'role',
      name: '',
      roleArn: arn('210987654321'),
      via: [arn('111122223333')],
      externalId: 'data',
      sessionName: 'airflow-ecr-refresh',
    });
  });

  it('rejects MWAA together with a CA file', () => {
    write(SELF_SIGNED.cert, 'ca.pem');
    const text = edit(URL_LINE, '    caFile: ca.pem\n').replace(
      AUTH,
      '{mwaa: {environment: e, region: us-east-1}}',
    );
    assert.deepEqual(showPlaces(expectProblems(write(text))), ['4 airflows[0].caFile conflict']);
  });

  for (const version of ['auto', '2', '3']) {
    it(`accepts version ${version}`, () => {
      const [airflow] = loadConfig(write(`${VALID}    version: ${version}\n`), ENV).stores;
      assert.equal(String(airflowSettings(airflow)?.version), version);
    });
  }
});

describe('the examples in the documentation', () => {
  const write = useConfigFolder();
  const env = {
    ...ENV,
    AIRFLOW_API_KEY: CANARY,
    AIRFLOW_CLIENT_SECRET: CANARY,
    ECR_EXTERNAL_ID: 'data-platform',
  };
  /** Settings that the examples of these settings require. */
  const PLACES: Readonly<Record<string, object>> = {
    fips: { region: 'us-east-1' },
    endpoint: { region: 'us-east-1' },
  };

  function writeFiles(): void {
    write(CANARY, 'secrets/airflow-token');
    write(CANARY, 'secrets/airflow-password');
    write(SELF_SIGNED.cert, 'certificates/company-ca.pem');
    write(CANARY, 'token');
  }

  it('load when everything in the shipped example is uncommented', () => {
    writeFiles();
    const text = readFileSync(new URL('../../refresh.example.yaml', import.meta.url), 'utf8');
    const used = text.replace(/^( *)# ( *(- |\w+: |registries:|connections:))/gm, '$1$2');
    const { stores: airflows, registries, warnings } = loadConfig(write(used), env);
    assert.deepEqual(
      airflows.map((store) => airflowSettings(store)?.auth.kind),
      ['password', 'token', 'token-request', 'mwaa', 'mwaa'],
    );
    assert.equal(airflows[1]?.connections.length, 3);
    assert.deepEqual(
      registries.map(({ principal }) => principal.kind),
      ['default', 'role', 'default', 'profile', 'default'],
    );
    assert.ok(warnings.every(({ message }) => /is the example URL/.test(message)));
  });

  it('load when they are YAML in docs/configuration.md', async () => {
    const text = (await generateDocs()).get('docs/configuration.md') ?? '';
    const examples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml]) => yaml ?? '');
    assert.equal(examples.length, 3);
    for (const yaml of examples)
      loadConfig(write(yaml.includes('version: 1') ? yaml : `version: 1\n${yaml}`), env);
  });

  it('load when they belong to a setting of airflows or registries', () => {
    writeFiles();
    const settings = configJsonSchema().properties;
    const registry = { name: 'eu', region: 'eu-west-1', account: '123456789012' };
    const base = parse(VALID) as { airflows: Record<string, unknown>[] };
    const load = (airflow: Record<string, unknown>, entry: object): void => {
      const { url, ...main } = { ...base.airflows[0], ...airflow };
      const isMwaa = JSON.stringify(airflow).includes('mwaa');
      const airflows = [isMwaa ? main : { url, ...main }];
      loadConfig(write(JSON.stringify({ ...base, airflows, registries: [entry] })), env);
    };
    let count = 0;
    for (const [key, { examples }] of Object.entries(settings?.['airflows']?.items?.properties ?? {})) {
      for (const example of examples ?? []) load({ [key]: example }, registry);
      count += examples?.length ?? 0;
    }
    for (const [key, { examples }] of Object.entries(settings?.['registries']?.items?.properties ?? {})) {
      for (const example of examples ?? []) {
        // ECR Public has no account and no region.
        const { region: _region, account: _account, ...bare } = registry;
        const others = example === 'public' ? bare : { ...registry, ...PLACES[key] };
        load({}, { ...others, [key]: example });
      }
      count += examples?.length ?? 0;
    }
    const credentials = settings?.['registries']?.items?.properties?.['credentials']?.properties ?? {};
    for (const [key, { examples }] of Object.entries(credentials)) {
      const role = key === 'profile' ? {} : { roleArn: 'arn:aws:iam::123456789012:role/ecr-pull' };
      // The example is a path in a pod.
      for (const example of key === 'webIdentityTokenFile' ? ['token'] : (examples ?? [])) {
        load({}, { ...registry, credentials: { ...role, [key]: example } });
      }
      count += examples?.length ?? 0;
    }
    assert.ok(count >= 31, String(count));
  });

  it('load when they are images', () => {
    const { examples } =
      configJsonSchema().properties?.['docker']?.properties?.['probe']?.properties?.['image'] ?? {};
    assert.equal(examples?.length, 2);
    for (const image of examples ?? []) {
      const { images } = loadConfig(write(`${VALID}docker: {probe: ${JSON.stringify({ image })}}\n`), env);
      assert.equal(images.length, 1);
    }
  });
});
