// MWAA environments of one name in several accounts: whose credentials sign the requests, and whom messages name.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsSessions } from '../../../src/aws/aws-sessions.js';
import { createHttpClient } from '../../../src/net/http.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../../src/refresh/token-group.js';
import { createAirflowStore } from '../../../src/stores/airflow/airflow-store.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { logIn } from '../../../sandbox/airflow/rest.js';
import { startAirflowStandIn } from '../../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../../support/aws.js';
import { startMwaaStandIn, type MwaaCall, type MwaaStandIn } from '../../support/mwaa.js';
import { Cleanup } from '../../../sandbox/cleanup.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../../support/local-server.js';

const KEY = 'aws-secret-key-that-must-not-show';
const EXTERNAL_ID = 'external-id-that-must-not-show';
const SECRETS = [KEY, EXTERNAL_ID];
const REGION = 'eu-central-1';

const toRole = (account: string, more: object = {}): Principal => {
  const roleArn = `arn:aws:iam::${account}:role/refresh`;
  return { kind: 'role', name: roleArn, roleArn, via: [], sessionName: 'night', ...more };
};
const ROLE_A = toRole('111122223333');
const ROLE_B = toRole('444455556666', { externalId: EXTERNAL_ID });
const PROFILE: Principal = { kind: 'profile', name: 'profile:airflow', profile: 'airflow' };
const SESSION_A = 'arn:aws:sts::111122223333:assumed-role/refresh/night';

describe('MWAA environments with several AWS principals', () => {
  const restores: (() => void)[] = [];
  let stops: Cleanup;
  let folder: string;
  let aws: AwsStandIn;
  let mwaa: MwaaStandIn;
  let sessions: AwsSessions;

  beforeEach(async () => {
    stops = new Cleanup();
    folder = mkdtempSync(join(tmpdir(), 'mwaa-principals-'));
    const keys = `aws_access_key_id=AKIAPROFILE\naws_secret_access_key=${KEY}\n`;
    writeFileSync(join(folder, 'credentials'), `[airflow]\n${keys}`);
    aws = stops.add(await startAwsStandIn());
    aws.setRole('arn:aws:iam::444455556666:role/refresh', { externalId: EXTERNAL_ID });
    const airflow = stops.add(await startAirflowStandIn({ variables: { x: 'v' } }));
    mwaa = stops.add(
      await startMwaaStandIn({
        environment: 'data-team',
        region: REGION,
        api: `${airflow.url}/api/v2`,
        authorize: () => logIn({ url: airflow.url, username: 'op', password: 'op' }),
      }),
    );
    const environment = {
      ...NO_PROXY_VARIABLES,
      ...aws.env,
      ...mwaa.env,
      AWS_ACCESS_KEY_ID: 'AKIAWORKER',
      AWS_SECRET_ACCESS_KEY: KEY,
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    };
    restores.push(setEnvironment(environment));
    sessions = new AwsSessions();
  });
  afterEach(async () => {
    for (const restore of restores.splice(0)) restore();
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  function open(principal: Principal): AirflowStore {
    return createAirflowStore({
      name: 'main',
      auth: { kind: 'mwaa', environment: 'data-team', region: REGION, principal },
      version: 3,
      headers: [],
      http: createHttpClient({ version: '0' }),
      aws: sessions,
      now: () => 0,
    });
  }

  const read = (store: AirflowStore): Promise<string | undefined> => store.readVariable('x', anySignal());

  /** The access key, or the account of the role session that it belongs to. */
  function findSigner({ accessKeyId }: MwaaCall): string {
    return aws.sessions.find((session) => session.accessKeyId === accessKeyId)?.account ?? accessKeyId;
  }

  it('sign the requests to each environment with its own principal, at the same time', async () => {
    const principals = [ROLE_A, ROLE_B, PROFILE, DEFAULT_PRINCIPAL];
    const stores = principals.map(open);
    await Promise.all([...stores, ...stores].map(read));
    const count = (signer: string): number => mwaa.calls.filter((call) => findSigner(call) === signer).length;
    const signers = ['111122223333', '444455556666', 'AKIAPROFILE', 'AKIAWORKER'];
    assert.deepEqual(signers.map(count), [2, 2, 2, 2]);
    assert.equal(aws.sessions.length, 2, 'each role is assumed once');
    const assumed = aws.calls.filter(({ action }) => action === 'AssumeRole').map(({ input }) => input);
    assert.deepEqual(new Set(assumed.map((input) => input['RoleSessionName'])), new Set(['night']));
  });

  it('name the principal that is not authorized, and the resource with its account', async () => {
    mwaa.setFault((call) =>
      findSigner(call) === '111122223333'
        ? { status: 403, headers: { 'x-amzn-ErrorType': 'AccessDeniedException' }, body: { message: KEY } }
        : undefined,
    );
    const [failure, other] = await Promise.all([
      expectFailure(read(open(ROLE_A)), 'StoreForbidden', SECRETS),
      read(open(ROLE_B)),
    ]);
    assert.equal(other, 'v');
    assert.match(
      failure.message,
      new RegExp(
        `${SESSION_A} is not authorized to call airflow:InvokeRestApi on arn:aws:airflow:eu-central-1:111122223333:role/data-team/Op$`,
      ),
    );
    assert.match(failure.remedy, /^Allow the principal to make this call on that resource\. Op is/);
  });

  it('name the principal whose account does not have the environment', async () => {
    mwaa.setFault(() => ({ status: 404, headers: { 'x-amzn-ErrorType': 'ResourceNotFoundException' } }));
    const { message, remedy } = await expectFailure(read(open(ROLE_A)), 'StoreRequestRejected', SECRETS);
    assert.ok(
      message.endsWith(`MWAA has no environment data-team in eu-central-1, in the account of ${SESSION_A}`),
    );
    assert.match(remedy, /`roleArn` or `profile` of the account that has it/);
  });

  it('name the principal from the configuration when AWS rejects its credentials', async () => {
    mwaa.setFault(() => ({ status: 403, headers: { 'x-amzn-ErrorType': 'ExpiredTokenException' } }));
    const role = await expectFailure(read(open(ROLE_A)), 'AwsCredentialsRejected', SECRETS);
    assert.match(role.message, /^AWS credentials: role arn:aws:iam::111122223333:role\/refresh: .*expired/);
    const profile = await expectFailure(read(open(PROFILE)), 'AwsCredentialsRejected', SECRETS);
    assert.match(profile.message, /^AWS credentials: profile airflow: /);
  });

  it('name the role that may not be assumed', async () => {
    const { message } = await expectFailure(
      read(open(toRole('444455556666', { name: 'other' }))),
      'AwsAccessDenied',
      SECRETS,
    );
    assert.match(message, /not authorized to call sts:AssumeRole on arn:aws:iam::444455556666:role\/refresh/);
    assert.deepEqual(mwaa.calls, []);
  });

  it('show their principal to doctor, and null when AWS does not return it', async () => {
    assert.equal(await open(ROLE_A).readPrincipal?.(anySignal()), SESSION_A);
    aws.setFault(({ action }) => (action === 'GetCallerIdentity' ? { error: 'AccessDenied' } : undefined));
    assert.equal(await open(ROLE_B).readPrincipal?.(anySignal()), null);
    aws.setFault(() => ({ error: 'AccessDenied' }));
    assert.equal(await open(toRole('777788889999')).readPrincipal?.(anySignal()), null);
  });
});
