// Checks of `doctor` except for the configuration, by situation.
import { engineCheck, probeChecks, tokenChecks } from '../../src/doctor/check-services.js';
import { connectionChecks } from '../../src/doctor/check-store.js';
import { scheduleCheck, workersCheck } from '../../src/doctor/check-temporal.js';
import { failed, type Check } from '../../src/doctor/check.js';
import { ConnectionRules } from '../../src/refresh/connection-rules.js';
import { FAILURES, type FailureInfo } from '../../src/refresh/failures.js';
import type { Inspection, PullProbe, TokenInfo } from '../../src/refresh/activity-types.js';
import { ENGINE, fakeTokenInfo, FINGERPRINT, GROUP, REGISTRY } from '../fakes/fake-steps.js';
import { SCHEDULE_DESCRIPTION } from './sample-schedules.js';

export function listOtherChecks(): [string, Check[]][] {
  return [
    ['Temporal', listTemporalChecks()],
    ['connections', listConnectionChecks()],
    ['tokens', [...tokenChecks(`token ${GROUP}`, TOKEN), ...tokenChecks(`token ${GROUP}`, SHORT_TOKEN)]],
    ['registries and images', listRegistryChecks()],
    ['Docker Engines', listEngineChecks()],
    ['a failure', [failed('Airflow main', UNREACHABLE)]],
  ];
}

const UNREACHABLE: FailureInfo = {
  type: 'StoreUnreachable',
  scope: 'store',
  message: 'Airflow main: GET connections: connection refused',
  remedy: FAILURES.StoreUnreachable.remedy,
};

const TOKEN: TokenInfo = fakeTokenInfo({ probes: [] });

const SHORT_TOKEN: TokenInfo = {
  ...TOKEN,
  principalArn: null,
  usableUntil: '2026-01-01T01:00:00.000Z',
  warnings: ['The clock of the worker is 5 min behind AWS: synchronize it.'],
};

function listTemporalChecks(): Check[] {
  const paused = { ...SCHEDULE_DESCRIPTION, state: { paused: true } };
  const never = {
    ...SCHEDULE_DESCRIPTION,
    info: { ...SCHEDULE_DESCRIPTION.info, nextActionTimes: [] },
  };
  return [
    scheduleCheck('ecr-refresh', SCHEDULE_DESCRIPTION, true),
    scheduleCheck('ecr-refresh', never, true),
    scheduleCheck('ecr-refresh', SCHEDULE_DESCRIPTION, false),
    scheduleCheck('ecr-refresh', paused, true),
    scheduleCheck('ecr-refresh', undefined, false),
    ...[0, 1, 2].map((count) => workersCheck('ecr-refresh', count)),
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
        remedy: FAILURES.ConnectionMissing.remedy,
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
        remedy: FAILURES.StoreUnavailable.remedy,
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
  const otherHost = { type: 'RegistryRealmForeign', remedy: FAILURES.RegistryRealmForeign.remedy } as const;
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
