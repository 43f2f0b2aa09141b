// The fixture of tests with AWS principals: an AWS stand-in for the SDK of this process, a separate environment and AWS
// files, and a clock that can be advanced, so that sessions expire without waiting.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IssuedToken, TokenIssuer } from '../../src/ecr/port.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createTokenIssuer } from '../../src/ecr/token-issuer.js';
import {
  DEFAULT_PRINCIPAL,
  tokenGroup,
  type EcrApi,
  type Principal,
  type TokenGroup,
} from '../../src/refresh/token-group.js';
import { startAwsStandIn, type AwsCall, type AwsStandIn } from '../support/aws.js';
import { anySignal, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';
export const WORKER_ARN = `arn:aws:sts::${ACCOUNT}:assumed-role/ecr-refresh/sandbox`;
/** Must not appear in messages. */
export const SECRET_KEY = 'secret-key-that-must-not-show';

/** All variables for credentials, endpoints and regions: a developer's own settings must have no effect. */
const AWS_VARIABLES = Object.fromEntries(
  [
    'ACCESS_KEY_ID SECRET_ACCESS_KEY SESSION_TOKEN PROFILE DEFAULT_PROFILE ROLE_ARN ROLE_SESSION_NAME',
    'WEB_IDENTITY_TOKEN_FILE CONTAINER_CREDENTIALS_FULL_URI CONTAINER_CREDENTIALS_RELATIVE_URI',
    'CONTAINER_AUTHORIZATION_TOKEN CONTAINER_AUTHORIZATION_TOKEN_FILE EC2_METADATA_SERVICE_ENDPOINT',
    'ENDPOINT_URL ENDPOINT_URL_ECR ENDPOINT_URL_ECR_PUBLIC ENDPOINT_URL_STS IGNORE_CONFIGURED_ENDPOINT_URLS',
    'REGION DEFAULT_REGION USE_FIPS_ENDPOINT USE_DUALSTACK_ENDPOINT DISABLE_CLOCK_SKEW_CORRECTION',
    'MAX_ATTEMPTS RETRY_MODE EC2_METADATA_DISABLED',
  ].flatMap((names) => names.split(' ').map((name) => [`AWS_${name}`, undefined])),
);

export interface AwsFixture {
  readonly aws: AwsStandIn;
  /** Contains the AWS files, and other files that a test writes. */
  readonly folder: string;
  /** One issuer for the lifetime of the fixture, as in a worker. */
  readonly issuer: TokenIssuer;
  /** Removes the static keys, so that the SDK uses another source. */
  withoutKeys(): void;
  set(values: Readonly<Record<string, string | undefined>>): void;
  /** Writes a file in the folder and returns its path. `config` and `credentials` are the SDK's files. */
  write(name: string, content: string): string;
  /** Issues a token within the current run. */
  issue(principal?: Principal, region?: string, api?: Partial<EcrApi>): Promise<IssuedToken>;
  /** Starts another run, hours later. */
  startRun(hoursLater?: number): void;
  /** All calls so far, or only those with this action. */
  calls(action?: string): readonly AwsCall[];
  count(action: string): number;
  /** Advances the clock of this process. */
  advance(ms: number): void;
  stop(): Promise<void>;
}

export async function startAwsFixture(): Promise<AwsFixture> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aws-principals-'));
  const aws = await startAwsStandIn();
  const restores: (() => void)[] = [];
  const set: AwsFixture['set'] = (values) => void restores.push(setEnvironment(values));
  set({
    ...NO_PROXY_VARIABLES,
    ...AWS_VARIABLES,
    ...aws.env,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_CONFIG_FILE: path.join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
    HOME: folder,
  });
  const issuer = createTokenIssuer(new AwsSessions());
  const realNow = Date.now;
  let runs = 1;
  const advance = (ms: number): void => {
    const before = Date.now;
    Date.now = () => before() + ms;
  };
  const calls: AwsFixture['calls'] = (wanted) =>
    aws.calls.filter(({ action }) => wanted === undefined || action === wanted);
  return {
    aws,
    folder,
    issuer,
    set,
    calls,
    count: (action) => calls(action).length,
    withoutKeys: () => set({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }),
    write(name, content) {
      const file = path.join(folder, name);
      writeFileSync(file, content, { mode: 0o600 });
      return file;
    },
    issue: (principal = DEFAULT_PRINCIPAL, region = REGION, api = {}) =>
      issuer.issueToken(groupOf(principal, region, api), { runId: `run-${runs}` }, anySignal()),
    startRun(hoursLater = 4) {
      runs += 1;
      advance(hoursLater * 3_600_000);
    },
    advance,
    async stop() {
      Date.now = realNow;
      for (const restore of restores.toReversed()) restore();
      await aws.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

export function groupOf(principal: Principal, region: string, api: Partial<EcrApi> = {}): TokenGroup {
  return tokenGroup(principal, region, { service: 'ecr', fips: false, dualStack: false, ...api });
}

export function roleArn(name: string, account = '111122223333'): string {
  return `arn:aws:iam::${account}:role/${name}`;
}

/** The ARN of a session of a role. */
export function sessionArn(name: string, session = 'airflow-ecr-refresh', account = '111122223333'): string {
  return `arn:aws:sts::${account}:assumed-role/${name}/${session}`;
}

type Role = Extract<Principal, { kind: 'role' }>;

export function role(name: string, more: Partial<Role> = {}): Role {
  const arn = roleArn(name);
  return { kind: 'role', name: arn, roleArn: arn, via: [], sessionName: 'airflow-ecr-refresh', ...more };
}

export function profile(name: string): Principal {
  return { kind: 'profile', name: `profile:${name}`, profile: name };
}

export function webIdentity(name: string, tokenFile: string): Principal {
  const arn = roleArn(name);
  return { kind: 'web-identity', name: `${arn}#abcdef`, roleArn: arn, tokenFile, sessionName: 'pod' };
}

/** Keys in the format of the AWS files. */
export function keys(accessKeyId: string): string {
  return `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${SECRET_KEY}\n`;
}
