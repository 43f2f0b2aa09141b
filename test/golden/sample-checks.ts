// Checks of `doctor` except for the configuration, by situation.
import { ScheduleOverlapPolicy, type ScheduleDescription } from '@temporalio/client';
import { engineCheck, probeChecks, tokenChecks } from '../../src/doctor/check-services.js';
import { connectionChecks } from '../../src/doctor/check-store.js';
import { configInUseCheck, scheduleChecks, skipInTemporal } from '../../src/doctor/check-temporal.js';
import { workerChecks } from '../../src/doctor/check-workers.js';
import { identityCheck } from '../../src/doctor/check-identity.js';
import { failed, type Check } from '../../src/doctor/check.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import type { QueuePoller } from '../../src/temporal/queue-workers.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { ConnectionRules } from '../../src/refresh/connection-rules.js';
import { getRemedy, type FailureInfo } from '../../src/refresh/failures.js';
import type { Inspection, PullProbe, TokenInfo } from '../../src/refresh/activity-types.js';
import { ENGINE, fakeTokenInfo, FINGERPRINT, GROUP, REGISTRY } from '../fakes/fake-steps.js';
import { NOW, queueWorkers } from '../fakes/fake-status.js';
import { SCHEDULE_DESCRIPTION } from './sample-schedules.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function listOtherChecks(): [string, Check[]][] {
  return [
    ['Temporal', listTemporalChecks()],
    ['workers', listWorkerChecks()],
    ['identity', listIdentityChecks()],
    ['connections', listConnectionChecks()],
    ['tokens', [...tokenChecks(`token ${GROUP}`, TOKEN), ...tokenChecks(`token ${GROUP}`, SHORT_TOKEN)]],
    ['registries and images', listRegistryChecks()],
    ['Docker Engines', listEngineChecks()],
    ['a failure', [failed({ id: 'store', target: 'Airflow main' }, UNREACHABLE)]],
  ];
}

const UNREACHABLE: FailureInfo = {
  type: 'StoreUnreachable',
  scope: 'store',
  message: 'Airflow main: GET connections: connection refused',
  remedy: getRemedy('StoreUnreachable'),
};

const TOKEN: TokenInfo = fakeTokenInfo({ probes: [] });

const SHORT_TOKEN: TokenInfo = {
  ...TOKEN,
  principalArn: null,
  usableUntil: '2026-01-01T01:00:00.000Z',
  warnings: ['The clock of the worker is 5 min behind AWS: synchronize it.'],
};

const HASH = 'abcdef012345';

/** A schedule as Temporal describes it, with what differs from the one of the configuration. */
function describeSchedule({ state, info, spec, action }: Changes = {}): ScheduleDescription {
  const desired = buildScheduleOptions(fakeConfig());
  return {
    scheduleId: 'ecr-refresh',
    spec: { intervals: [{ every: 4 * HOUR_MS, offset: 0 }], calendars: [], jitter: 5 * MINUTE_MS, ...spec },
    action: { ...desired.action, ...action },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 4 * HOUR_MS, pauseOnFailure: false },
    ...SCHEDULE_DESCRIPTION,
    state: { ...SCHEDULE_DESCRIPTION.state, ...state },
    info: { ...SCHEDULE_DESCRIPTION.info, ...info },
  } as unknown as ScheduleDescription;
}

interface Changes {
  readonly state?: object;
  readonly info?: object;
  readonly spec?: object;
  readonly action?: object;
}

function listTemporalChecks(): Check[] {
  const desired = buildScheduleOptions(fakeConfig());
  const schedules = [
    describeSchedule(),
    describeSchedule({ info: { nextActionTimes: [] } }),
    describeSchedule({ action: { taskQueue: 'other', workflowExecutionTimeout: HOUR_MS } }),
    describeSchedule({ spec: { intervals: [{ every: 13 * HOUR_MS, offset: 0 }] } }),
    describeSchedule({ state: { paused: true, note: 'maintenance' } }),
    undefined,
  ];
  return [
    ...schedules.flatMap((description) => scheduleChecks('ecr-refresh', description, desired)),
    ...skipInTemporal('schedule ecr-refresh', 'task queue ecr-refresh', 'the check of Temporal failed'),
    configInUseCheck(HASH, undefined, undefined),
    configInUseCheck(HASH, { runId: 'run-1' }, { report: undefined, why: 'it was terminated' }),
    ...[HASH, 'ba9876543210', null].map((configHash) =>
      configInUseCheck(HASH, { runId: 'run-1' }, { report: { configHash } as RefreshReport }),
    ),
  ];
}

function listWorkerChecks(): Check[] {
  const poller = (identity: string, secondsAgo: number, version: string | null = null): QueuePoller => ({
    identity,
    lastAccessAt: new Date(NOW.getTime() - secondsAgo * 1000),
    version,
  });
  const ours = 'airflow-ecr-refresh/0.1.0@worker-1#17';
  const pollers = [
    poller(`${ours} (config ${HASH})`, 12),
    poller('airflow-ecr-refresh/0.1.0@worker-2#18 (config ba9876543210)', 200),
    poller('someone@else', 3),
  ];
  const versions = { currentVersion: 'dep/v1', pollers: [poller(ours, 5)] };
  return [
    queueWorkers({ pollers }),
    queueWorkers({ isAlive: false, hasAnswered: false, pollers: [] }),
    queueWorkers({ ...versions, hasAnswered: false }),
    queueWorkers({ ...versions, pollers: [] }),
    queueWorkers({ ...versions, pollers: [poller(ours, 5, 'dep/v1')], hasAnswered: false }),
  ].flatMap((workers) => workerChecks(workers, HASH, NOW));
}

function listIdentityChecks(): Check[] {
  const here = { user: 'airflow', host: 'worker-1' };
  const { principalArn } = TOKEN;
  return [
    identityCheck(here, [
      { purpose: GROUP, principalArn },
      { purpose: 'default/eu-west-1', principalArn: null },
      { purpose: 'Airflow mwaa', principalArn: 'arn:aws:sts::210987654321:assumed-role/airflow/ecr-refresh' },
    ]),
    identityCheck(here, []),
  ];
}

const UPPER_CASE =
  `Connection docker_default of main: host "${REGISTRY.toUpperCase()}" has upper-case letters, so Docker pulls ` +
  'without credentials; use lower case.';

function listConnectionChecks(): Check[] {
  const rules = new ConnectionRules([
    { kind: 'id', id: 'docker_default', ifMissing: 'fail' },
    { kind: 'id', id: 'docker_new', registry: 'eu', ifMissing: 'create' },
    { kind: 'id', id: 'gone', ifMissing: 'fail' },
    { kind: 'match', pattern: '*_ecr' },
    { kind: 'match', pattern: 'none_*' },
  ]);
  const inspection: Inspection = {
    writable: [
      {
        registry: REGISTRY,
        group: GROUP,
        connections: ['docker_default', 'docker_new', 'a_ecr', 'b_ecr'],
        toCreate: ['docker_new'],
      },
    ],
    refused: [
      {
        connection: 'gone',
        type: 'ConnectionMissing',
        scope: 'connection',
        message: 'Airflow has no connection gone.',
        remedy: getRemedy('ConnectionMissing'),
      },
    ],
    warnings: [UPPER_CASE],
    skipped: { count: 7, first: ['c_ecr', 'd_ecr'] },
    toRetry: [
      {
        connection: 'e_ecr',
        type: 'StoreUnavailable',
        scope: 'connection',
        message: 'Airflow main: 500 on GET connection e_ecr: server error',
        remedy: getRemedy('StoreUnavailable'),
      },
    ],
  };
  return connectionChecks({ name: 'main', title: 'Airflow', rules }, [inspection]);
}

function listRegistryChecks(): Check[] {
  const pulls: PullProbe[] = [
    { image: 'team/app:1.0', outcome: 'allowed' },
    {
      image: 'team/app:1.1',
      outcome: 'denied',
      message: '403 DENIED: the principal can log in but cannot pull',
    },
    { image: 'team/app:1.2', outcome: 'missing', message: 'the registry has no such image' },
    { image: 'team/app:1.3', outcome: 'unknown', message: 'timed out after 10 s' },
  ];
  const otherHost = { type: 'RegistryRealmForeign', remedy: getRemedy('RegistryRealmForeign') } as const;
  return [
    ...probeChecks({ registry: REGISTRY, outcome: 'accepted', pulls }),
    ...probeChecks({
      registry: REGISTRY,
      outcome: 'inconclusive',
      message: 'the registry also accepts a wrong password',
    }),
    ...probeChecks({ registry: REGISTRY, outcome: 'unreachable', message: 'timed out after 10 s' }),
    ...probeChecks({
      registry: REGISTRY,
      outcome: 'rejected',
      message: '403 DENIED: the registry denied the AWS principal of the token',
    }),
    ...probeChecks({
      registry: REGISTRY,
      outcome: 'rejected',
      message: 'its auth realm points to another host',
      ...otherHost,
    }),
  ];
}

function listEngineChecks(): Check[] {
  const available = {
    engine: ENGINE,
    registry: REGISTRY,
    version: '28.0.0',
    fingerprint: FINGERPRINT,
  } as const;
  return [
    engineCheck({ ...available, login: 'ok' }),
    engineCheck({ ...available, login: 'inconclusive' }),
    engineCheck({ ...available, login: 'none', reason: 'the registry could not be reached' }),
    engineCheck({ ...available, version: null, login: 'none', reason: 'socket not found' }),
    engineCheck({ ...available, version: null, login: 'none' }),
    engineCheck({ ...available, login: 'inconclusive' }, true),
  ];
}
