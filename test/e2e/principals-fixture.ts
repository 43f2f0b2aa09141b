// A deployment whose registries use five AWS principals: stand-ins for AWS, Airflow and each registry, a real Temporal
// server, and configurations and workers for them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Child } from '../../sandbox/child-process.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import type { KnownSecret } from '../secret-scan/find-secrets.js';
import { startBuiltWorker } from './start-built-worker.js';
import type { CommandResult } from './run-command-line.js';
import { awkwardPassword, randomAwsKey, startSuiteScan, suiteSecrets } from './scan-suite.js';

const SESSION = 'airflow-ecr-refresh';

const toRoleArn = (account: string, name: string): string => `arn:aws:iam::${account}:role/${name}`;
const toSessionArn = (account: string, name: string): string =>
  `arn:aws:sts::${account}:assumed-role/${name}/${SESSION}`;

export const ROLES = {
  partner: toRoleArn('111122223333', 'ecr-pull'),
  hub: toRoleArn('444455556666', 'hub'),
  spoke: toRoleArn('444455556666', 'spoke'),
  chain: toRoleArn('777788889999', 'ecr-pull'),
  pod: toRoleArn('222233334444', 'airflow-ecr-refresh'),
} as const;

/** The principals, by the names of their registries. */
export const ARNS = {
  own: 'arn:aws:iam::123456789012:user/airflow',
  production: 'arn:aws:iam::555566667777:user/production',
  partner: toSessionArn('111122223333', 'ecr-pull'),
  chain: toSessionArn('777788889999', 'ecr-pull'),
  pod: toSessionArn('222233334444', 'airflow-ecr-refresh'),
} as const;

export type RegistryName = keyof typeof ARNS;
export const NAMES = Object.keys(ARNS) as RegistryName[];

export interface ConfigChanges {
  /** Also the id of the schedule. Default `main`. */
  readonly name?: string;
  /** Default all. */
  readonly registries?: readonly RegistryName[];
  /** Default 2m: a step whose next attempt would come later fails immediately. */
  readonly retryFor?: string;
  /** For the role of `partner`. */
  readonly sessionDuration?: string;
}

export interface PrincipalsFixture {
  readonly aws: AwsStandIn;
  readonly airflow: AirflowStandIn;
  readonly hosts: Readonly<Record<RegistryName, string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly stateFolder: string;
  readonly temporal: TemporalServer;
  /** Writes `<name>.yaml` and returns its path. */
  writeConfig(changes?: ConfigChanges): string;
  /** A folder that holds secrets on purpose; the scan skips it. */
  readonly secretsFolder: string;
  /** Restores the owners of the access keys and the trust policies of the roles. */
  resetPrincipals(): void;
  /** Writes the access key of the worker to the shared credentials file. */
  writeOwnKeys(accessKeyId: string): void;
  /** Leaves the worker only the keys of the credentials file. */
  readonly fileEnv: NodeJS.ProcessEnv;
  startWorker(config: string, changes?: NodeJS.ProcessEnv): Promise<Child>;
  command(config: string, args: readonly string[], changes?: NodeJS.ProcessEnv): Promise<CommandResult>;
  assertNoSecretOut(): Promise<{ places: number; bytes: number }>;
  stop(): Promise<void>;
}

export async function startPrincipalsFixture(): Promise<PrincipalsFixture> {
  const stops = new Cleanup();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-principals-'));
  try {
    return await startParts(stateFolder, stops);
  } catch (error) {
    await stops.stopAll();
    rmSync(stateFolder, { recursive: true });
    throw error;
  }
}

async function startParts(stateFolder: string, stops: Cleanup): Promise<PrincipalsFixture> {
  // The exception is only for the AWS files: the scan covers everything else.
  const secretsFolder = join(stateFolder, 'aws-files');
  mkdirSync(secretsFolder, { mode: 0o700 });
  const aws = stops.add(await startAwsStandIn());
  const registries = new Map<RegistryName, Registry>();
  for (const name of NAMES) {
    registries.set(name, stops.add(await startRegistry({ aws, stateFolder, storage: false })));
  }
  const hosts = Object.fromEntries([...registries].map(([name, { host }]) => [name, host])) as Record<
    RegistryName,
    string
  >;
  const temporal = stops.add(await startTemporal({ stateFolder }));
  const scan = stops.add(startSuiteScan(stateFolder, secretsFolder));
  const password = awkwardPassword();
  const connections = NAMES.map((name) => ({
    connection_id: `docker_${name}`,
    conn_type: 'docker',
    host: hosts[name],
    login: 'AWS',
    password: 'old',
  }));
  const users = [{ username: 'ecr-refresh', password, role: 'op' as const }];
  const airflow = stops.add(await startAirflowStandIn({ users, connections }));

  const secrets = {
    externalId: randomBytes(24).toString('hex'),
    identity: randomBytes(300).toString('base64url'),
    production: randomAwsKey(),
    own: randomAwsKey(),
  };
  const write = (name: string, content: string): string => {
    writeFileSync(join(secretsFolder, name), content, { mode: 0o600 });
    return join(secretsFolder, name);
  };
  const writeOwnKeys = (accessKeyId: string): void => {
    const getKeys = (id: string, key: string): string =>
      `aws_access_key_id=${id}\naws_secret_access_key=${key}\n`;
    const own = `[default]\n${getKeys(accessKeyId, secrets.own)}`;
    write('credentials', `${own}[production]\n${getKeys('AKIAPRODUCTION000000', secrets.production)}`);
  };
  writeOwnKeys('AKIAOWN0000000000000');
  write('identity', secrets.identity);
  setPrincipals(aws, secrets);

  const env: NodeJS.ProcessEnv = {
    ...scan.env,
    ...aws.env,
    AWS_ACCESS_KEY_ID: 'AKIAOWN0000000000000',
    AWS_SECRET_ACCESS_KEY: randomAwsKey(),
    AWS_SHARED_CREDENTIALS_FILE: join(secretsFolder, 'credentials'),
    AWS_CONFIG_FILE: join(secretsFolder, 'config'),
    ECR_EXTERNAL_ID: secrets.externalId,
    TEMPORAL_ADDRESS: temporal.address,
    AIRFLOW_PASSWORD: password,
  };
  const fileEnv = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  return {
    aws,
    airflow,
    hosts,
    env,
    stateFolder,
    temporal,
    fileEnv,
    secretsFolder,
    resetPrincipals: () => setPrincipals(aws, secrets),
    writeOwnKeys,
    writeConfig(changes = {}) {
      const path = join(stateFolder, `${changes.name ?? 'main'}.yaml`);
      writeFileSync(path, formatConfig(airflow.url, hosts, changes));
      return path;
    },
    startWorker: (config, changes = {}) =>
      startWorkerProcess(stops, stateFolder, { ...env, ...changes, ECR_REFRESH_CONFIG: config }),
    command: (config, args, changes = {}) =>
      scan.command(args, { ...env, ...changes, ECR_REFRESH_CONFIG: config }),
    assertNoSecretOut: () =>
      scan.assertNoSecretOut(
        [
          ...listSecrets(env, aws, airflow),
          ...Object.entries(secrets).map(([name, value]) => ({ name, value })),
        ],
        temporal,
      ),
    async stop() {
      await stops.stopAll();
      rmSync(stateFolder, { recursive: true });
    },
  };
}

/** Sets the owners of the access keys, and who may assume each role. */
function setPrincipals(
  aws: AwsStandIn,
  { externalId, identity }: { externalId: string; identity: string },
): void {
  const getAccount = (arn: string): string => arn.split(':')[4] ?? '';
  const own = { account: getAccount(ARNS.own), arn: ARNS.own };
  for (const key of ['AKIAOWN0000000000000', 'AKIAROTATED000000000']) aws.setPrincipal(key, own);
  aws.setPrincipal('AKIAPRODUCTION000000', { account: getAccount(ARNS.production), arn: ARNS.production });
  aws.setRole(ROLES.partner, { trusts: (caller) => caller === ARNS.own, externalId, maxSeconds: 43_200 });
  aws.setRole(ROLES.hub, { trusts: (caller) => caller === ARNS.own });
  aws.setRole(ROLES.spoke, { trusts: (caller) => caller === toSessionArn('444455556666', 'hub') });
  aws.setRole(ROLES.chain, { trusts: (caller) => caller === toSessionArn('444455556666', 'spoke') });
  aws.setWebIdentity((token) => (token === identity ? 'system:serviceaccount:airflow:refresh' : undefined));
  aws.setRole(ROLES.pod, { trusts: (caller) => caller === 'system:serviceaccount:airflow:refresh' });
}

function formatConfig(
  airflowUrl: string,
  hosts: Readonly<Record<RegistryName, string>>,
  { name = 'main', registries = NAMES, retryFor = '2m', sessionDuration }: ConfigChanges,
): string {
  const duration = sessionDuration === undefined ? '' : `, sessionDuration: ${sessionDuration}`;
  const entries: Record<RegistryName, string> = {
    own: 'account: "123456789012", region: us-east-1',
    production: 'account: "555566667777", region: eu-west-1, credentials: {profile: production}',
    partner: `account: "111122223333", region: us-east-1, credentials: {roleArn: "${ROLES.partner}", externalId: {env: ECR_EXTERNAL_ID}${duration}}`,
    chain: `account: "777788889999", region: us-east-1, credentials: {roleArn: "${ROLES.chain}", via: ["${ROLES.hub}", "${ROLES.spoke}"]}`,
    pod: `account: "222233334444", region: us-east-1, credentials: {roleArn: "${ROLES.pod}", webIdentityTokenFile: aws-files/identity}`,
  };
  return `version: 1
airflows:
  - name: main
    url: ${airflowUrl}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [${registries.map((registry) => `docker_${registry}`).join(', ')}]
registries:
${registries.map((registry) => `  - {name: ${registry}, registryHost: "${hosts[registry]}", ${entries[registry]}}\n`).join('')}docker: {engines: []}
schedule: {id: ${name}, every: 4h, retryFor: ${retryFor}}
temporal: {taskQueue: ${name}}
`;
}

let workers = 0;

async function startWorkerProcess(
  stops: Cleanup,
  stateFolder: string,
  env: NodeJS.ProcessEnv,
): Promise<Child> {
  workers += 1;
  const name = `worker-${workers}`;
  const logFile = join(stateFolder, `${name}.log`);
  const worker = await startBuiltWorker({ name, env, logFile, args: ['--log-level', 'trace'] });
  return stops.add(worker);
}

function listSecrets(env: NodeJS.ProcessEnv, aws: AwsStandIn, airflow: AirflowStandIn): KnownSecret[] {
  return [
    ...suiteSecrets({
      env,
      tokens: aws.issued.map((token) => token.password),
      authorizations: airflow.requests.map(({ headers }) => headers['authorization']),
    }),
    ...aws.sessions.flatMap(({ secretAccessKey, sessionToken }, index) => [
      { name: `secret key of role session ${index + 1}`, value: secretAccessKey },
      { name: `session token ${index + 1}`, value: sessionToken },
    ]),
  ];
}
