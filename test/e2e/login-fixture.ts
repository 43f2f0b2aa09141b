// One Airflow stand-in for each way to log in, the gateways in front of them, and one configuration with all of them.
// The output of each command is searched for every secret that was used or issued so far.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { logIn } from '../support/airflow/rest.js';
import type { AirflowUser } from '../support/airflow/users.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startMwaaStandIn, type MwaaStandIn } from '../support/mwaa.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { createSecretFinder, type KnownSecret } from '../secret-scan/find-secrets.js';
import { ecrTokenSecret, jwtSecrets } from '../secret-scan/secret-core.js';
import { startGateway } from './gateway.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { awkwardPassword, randomAwsKey } from './scan-suite.js';

export const CONNECTION = 'docker_default';
/** Names of the Airflow instances. */
export const WAYS = [
  'password',
  'basic',
  'token-request',
  'token',
  'mwaa',
  'sub-path',
  'header',
  'custom-ca',
] as const;
export type Way = (typeof WAYS)[number];

export interface Credentials {
  readonly password: string;
  /** The API key that the gateway in front of `header` requires. */
  readonly key: string;
}

export interface ConfigChanges {
  /** Default: all. */
  readonly ways?: readonly Way[];
  /** Default: true. */
  readonly hasCaFile?: boolean;
  /** Another address for `header`. */
  readonly headerUrl?: string;
}

export interface LoginFixture {
  readonly aws: AwsStandIn;
  readonly mwaa: MwaaStandIn;
  readonly right: Credentials;
  readonly wrong: Credentials;
  getAirflow(way: Way): AirflowStandIn;
  writeConfig(changes?: ConfigChanges): void;
  /** Writes the token file. Default: a JWT that Airflow accepts. */
  writePasswords(text?: string): Promise<void>;
  /** Stores the credentials where the configuration expects them; returns the environment for commands. */
  setCredentials(credentials: Credentials): NodeJS.ProcessEnv;
  /** @throws AssertionError when it prints a secret */
  command(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult>;
  refreshOnce(env: NodeJS.ProcessEnv): Promise<{ code: number | null; report: RefreshReport }>;
  /** The current connections of an Airflow instance, including passwords. */
  readConnections(way: Way): object;
  stop(): Promise<void>;
}

export async function startLoginFixture(): Promise<LoginFixture> {
  const stops = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'ecr-logins-'));
  try {
    return await startParts(folder, stops);
  } catch (error) {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
    throw error;
  }
}

async function startParts(folder: string, stops: Cleanup): Promise<LoginFixture> {
  const secrets: KnownSecret[] = [];
  const secret = (name: string, value: string): string => {
    secrets.push({ name, value });
    return value;
  };
  const credentials = (kind: string): Credentials => ({
    password: secret(`${kind} password`, awkwardPassword()),
    key: secret(`${kind} key of the gateway`, randomBytes(30).toString('hex')),
  });
  const [right, wrong] = [credentials('right'), credentials('wrong')];
  const aws = stops.add(await startAwsStandIn());
  const registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
  const airflows = new Map<Way, AirflowStandIn>();
  for (const way of WAYS) airflows.set(way, stops.add(await startOne(way, right, registry.host)));
  const getAirflow = (way: Way): AirflowStandIn => {
    const airflow = airflows.get(way);
    assert.ok(airflow);
    return airflow;
  };
  const logInTo = (way: Way): Promise<string> =>
    logIn({ url: getAirflow(way).url, username: 'ecr-refresh', password: right.password });
  const mwaa = stops.add(
    await startMwaaStandIn({
      environment: 'production',
      region: 'eu-west-1',
      api: `${getAirflow('mwaa').url}/api/v2`,
      authorize: () => logInTo('mwaa'),
    }),
  );
  const urls = await startGateways(getAirflow, right.key, stops);
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    ...aws.env,
    ...mwaa.env,
    AWS_SECRET_ACCESS_KEY: secret('AWS secret key', randomAwsKey()),
    // No request leaves this machine, even if a bug builds a wrong URL.
    HTTPS_PROXY: 'http://127.0.0.1:1',
    // Nothing listens there: these tests are about Airflow.
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    ECR_REFRESH_CONFIG: join(folder, 'refresh.yaml'),
  };
  writeFileSync(join(folder, 'ca.pem'), SELF_SIGNED.cert);

  async function command(args: readonly string[], given: NodeJS.ProcessEnv): Promise<CommandResult> {
    const result = await runCommandLine(args, given);
    const find = createSecretFinder([...secrets, ...issuedSecrets([...airflows.values()], aws)]);
    assert.deepEqual(find(args.join(' '), Buffer.from(result.stdout + result.stderr)), []);
    return result;
  }

  return {
    aws,
    mwaa,
    right,
    wrong,
    getAirflow,
    command,
    writeConfig: (changes = {}) =>
      writeFileSync(join(folder, 'refresh.yaml'), configText(getAirflow, urls, registry.host, changes)),
    async writePasswords(text) {
      const token = text ?? (await logInTo('token')).slice('Bearer '.length);
      if (text !== undefined) secret('token', text);
      writeFileSync(join(folder, 'token'), `${token}\n`);
    },
    setCredentials({ password, key }) {
      writeFileSync(join(folder, 'password'), `${password}\n`);
      return { ...env, AIRFLOW_PASSWORD: password, GATEWAY_KEY: key };
    },
    async refreshOnce(given) {
      const args = ['refresh-once', '--json', '--retry-for', '1s'];
      const { code, stdout, stderr } = await command(args, given);
      assert.equal(stderr, '');
      return { code, report: JSON.parse(stdout) as RefreshReport };
    },
    readConnections: (way) => structuredClone(Object.fromEntries(getAirflow(way).connections)),
    async stop() {
      await stops.stopAll();
      rmSync(folder, { recursive: true });
    },
  };
}

function startOne(way: Way, { password }: Credentials, host: string): Promise<AirflowStandIn> {
  const extra = '{"email": "ops@example.com"}';
  return startAirflowStandIn({
    version: way === 'basic' ? '2.10.5' : '3.3.2',
    users: [{ username: 'ecr-refresh', password, role: 'op' }],
    connections: [
      { connection_id: CONNECTION, conn_type: 'docker', host, login: 'AWS', password: 'old', extra },
    ],
    ...(way === 'token-request' && { readLogin: (body) => readClientCredentials(body, password) }),
  });
}

function readClientCredentials(body: unknown, password: string): AirflowUser | undefined {
  const valid = { grant_type: 'client_credentials', client_id: 'airflow', client_secret: password };
  return isDeepStrictEqual(body, valid) ? { username: 'ecr-refresh', password } : undefined;
}

type Urls = Readonly<Record<'sub-path' | 'header' | 'custom-ca', string>>;

async function startGateways(
  getAirflow: LoginFixture['getAirflow'],
  key: string,
  stops: Cleanup,
): Promise<Urls> {
  const start = async (way: Way, options: object): Promise<string> =>
    stops.add(await startGateway({ upstream: getAirflow(way).url, ...options })).url;
  const allows = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): boolean =>
    headers['x-api-key'] === key && headers['x-team'] === 'data';
  return {
    'sub-path': await start('sub-path', { subPath: '/team/airflow' }),
    header: await start('header', { allows, rejectionStatus: 401 }),
    'custom-ca': await start('custom-ca', { tls: SELF_SIGNED }),
  };
}

function configText(
  getAirflow: LoginFixture['getAirflow'],
  urls: Urls,
  registryHost: string,
  { ways = WAYS, hasCaFile = true, headerUrl = urls.header }: ConfigChanges,
): string {
  const login = 'auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
  const entries: Readonly<Record<Way, string>> = {
    password: `url: ${getAirflow('password').url}, ${login}`,
    basic: `url: ${getAirflow('basic').url}, auth: {username: ecr-refresh, password: {file: password}}`,
    'token-request':
      `url: ${getAirflow('token-request').url}, auth: {tokenRequest: {body: ` +
      '{grant_type: client_credentials, client_id: airflow, client_secret: {env: AIRFLOW_PASSWORD}}}}',
    token: `url: ${getAirflow('token').url}, auth: {token: {file: token}}`,
    mwaa: 'auth: {mwaa: {environment: production, region: eu-west-1}}',
    'sub-path': `url: ${urls['sub-path']}/, ${login}`,
    header: `url: ${headerUrl}, ${login}, headers: {X-Team: data, X-Api-Key: {env: GATEWAY_KEY}}`,
    'custom-ca': `url: ${urls['custom-ca']}, ${login}${hasCaFile ? ', caFile: ca.pem' : ''}`,
  };
  const lines = ways.map((way) => `  - {name: ${way}, ${entries[way]}, connections: [${CONNECTION}]}\n`);
  const named = `{name: test, account: "123456789012", region: us-east-1, registryHost: "${registryHost}"}`;
  return `version: 1\nairflows:\n${lines.join('')}registries: [${named}]\ndocker: {engines: []}\n`;
}

/** Session tokens sent to Airflow, and ECR tokens. */
function issuedSecrets(airflows: readonly AirflowStandIn[], aws: AwsStandIn): KnownSecret[] {
  const bearers = airflows
    .flatMap(({ requests }) => requests)
    .flatMap(({ headers }) => /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? []);
  return [
    ...[...new Set(bearers)].flatMap((jwt) => jwtSecrets('session token', jwt)),
    ...aws.issued.map(({ password }) => ecrTokenSecret('ECR token', password)),
  ];
}
