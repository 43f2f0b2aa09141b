// Reports of runs, created by the real flow from steps that partly fail.
import {
  describeFailure,
  FAILURES,
  getRemedy,
  RefreshFailure,
  type FailureType,
} from '../../src/refresh/failures.js';
import { refresh } from '../../src/refresh/flow.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type {
  ConnectionProblem,
  RefreshSteps,
  RegistryProbe,
  TokenInfo,
} from '../../src/refresh/activity-types.js';
import type { Preview } from '../../src/refresh-once/refresh-once.js';
import { toFailureInfo } from '../../src/refresh-once/run-in-process.js';
import { ENGINE, fakeSteps, FINGERPRINT, GROUP, plannedStores, REGISTRY } from '../fakes/fake-steps.js';

const OTHER_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const REJECTING = '999999999999.dkr.ecr.eu-west-1.amazonaws.com';
const OTHER_GROUP = 'default/eu-west-1';
const REMOTE = 'tcp://docker.example.com:2376';
const ABSENT = 'unix:///run/user/1000/docker.sock';
const SESSION_END = '2026-01-01T06:00:00.000Z';

export function refreshedReport(): Promise<RefreshReport> {
  return run(fakeSteps(), '2026-01-01T00:05:00.000Z', undefined);
}

/** Nothing verified the token: the registry was unreachable, and the login test proved nothing. */
export function unprovenReport(): Promise<RefreshReport> {
  const token = {
    ...tokenInfo(GROUP, []),
    probes: [{ registry: REGISTRY, outcome: 'unreachable' as const, message: 'no route' }],
  };
  const steps = fakeSteps({
    extractToken: async () => ({ token, toRetry: [] }),
    updateConnections: async ({ connections }) => ({ written: connections, refused: [], toRetry: [], token }),
    testDocker: async ({ engine, registry }) => ({
      engine,
      registry,
      version: '28.0.0',
      login: 'inconclusive',
      fingerprint: FINGERPRINT,
    }),
  });
  return run(steps, '2026-01-01T00:05:00.000Z', undefined);
}

/** A run that could not reach the store, after one that refreshed everything. */
export async function unreachedReport(): Promise<RefreshReport> {
  const inspectConnections = (): Promise<never> =>
    Promise.reject(new RefreshFailure('StoreUnreachable', 'Airflow main: GET connections: connection reset'));
  return run(fakeSteps({ inspectConnections }), '2026-01-01T04:05:00.000Z', await refreshedReport());
}

/** The second of two runs with the same failures. Contains most failures and warnings whose text the flow writes. */
export async function incompleteReport(): Promise<RefreshReport> {
  const previous = await run(FAILING_STEPS, '2026-01-01T00:05:00.000Z', await refreshedReport());
  return run(FAILING_STEPS, '2026-01-01T04:05:00.000Z', previous);
}

function run(steps: RefreshSteps, now: string, previous: RefreshReport | undefined): Promise<RefreshReport> {
  return refresh(steps, {
    runId: `run-at-${now}`,
    previous,
    now: () => new Date(now),
    // Nothing is retried: each failure is reported unchanged.
    deadlineMs: Date.parse(now),
    retryForMs: Infinity,
    wait: () => Promise.reject(new TypeError('unexpected retry')),
    describe: toFailureInfo,
  });
}

function problem(connection: string, type: FailureType, message: string): ConnectionProblem {
  return { connection, ...describeFailure(type, message) };
}

function toUpperCaseWarning(connection: string): string {
  return (
    `Connection ${connection} of main: host "${REGISTRY.toUpperCase()}" has upper-case letters, so Docker pulls ` +
    'without credentials; use lower case.'
  );
}

const PROBES: readonly RegistryProbe[] = [
  {
    registry: REJECTING,
    outcome: 'rejected',
    message: '403 DENIED: the registry denied the AWS principal of the token',
  },
  {
    registry: OTHER_REGISTRY,
    outcome: 'unreachable',
    message: 'timed out after 10 s',
    pulls: [
      {
        image: 'team/app:1.0',
        outcome: 'denied',
        message: '403 DENIED: the principal can log in but cannot pull',
      },
      {
        image: 'team/other:1.0',
        outcome: 'denied',
        message: '403 DENIED: the principal can log in but cannot pull',
      },
      { image: 'team/gone:1.0', outcome: 'missing', message: 'the registry has no such image' },
    ],
  },
  { registry: REGISTRY, outcome: 'inconclusive', message: 'the registry also accepts a wrong password' },
];

function tokenInfo(group: string, registries: readonly string[]): TokenInfo {
  return {
    group,
    region: group === GROUP ? 'us-east-1' : 'eu-west-1',
    principalArn: group === GROUP ? 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test' : null,
    issuedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-01-01T12:00:00.000Z',
    ...(group === GROUP ? { usableUntil: SESSION_END } : {}),
    fingerprint: group === GROUP ? FINGERPRINT : 'ba9876543210',
    probes: PROBES.filter(({ registry }) => registries.includes(registry)),
  };
}

const FAILING_STEPS = fakeSteps({
  planRefresh: async () => ({
    configHash: 'abc',
    stores: plannedStores('main', 'down', 'empty'),
    engines: [ENGINE, REMOTE, ABSENT],
    configProblem: 'refresh.yaml:3 airflows[0].name: is missing',
    engineProblem:
      '`docker.engines` is not set, and the default engine cannot be used, so no Docker Engine is tested. ' +
      'DOCKER_HOST: ssh:// is not supported. Set DOCKER_HOST to unix:///path or tcp://host:port, or set ' +
      '`docker.engines` (`[]` to test no engine)',
  }),
  async inspectConnections({ store }) {
    const empty = { writable: [], refused: [], toRetry: [], warnings: [] };
    if (store === 'empty') return empty;
    if (store === 'down')
      throw new RefreshFailure('StoreUnreachable', 'Airflow down: GET connections: connection refused');
    return {
      ...empty,
      writable: [
        { registry: REGISTRY, group: GROUP, connections: ['docker_default', 'docker_2', 'docker_3'] },
        { registry: OTHER_REGISTRY, group: OTHER_GROUP, connections: ['docker_eu'] },
        { registry: REJECTING, group: OTHER_GROUP, connections: ['docker_rejected'] },
      ],
      refused: [
        problem('gone', 'ConnectionMissing', 'Airflow has no connection gone.'),
        problem('gone_2', 'ConnectionMissing', 'Airflow has no connection gone_2.'),
      ],
      warnings: [toUpperCaseWarning('docker_2')],
      skipped: { count: 7, first: ['a', 'b'] },
    };
  },
  extractToken: async ({ group, registries }) => ({ token: tokenInfo(group, registries), toRetry: [] }),
  updateConnections: async ({ connections, group, registry }) => ({
    written: connections.filter((id) => id !== 'docker_2'),
    refused: connections
      .filter((id) => id === 'docker_2')
      .map((id) =>
        problem(id, 'WriteUnconfirmed', `Connection ${id} was edited by someone else during the write.`),
      ),
    toRetry: [],
    token: tokenInfo(group, [registry]),
  }),
  async testDocker({ engine, registry }) {
    const version = engine === ABSENT ? null : '28.0.0';
    const result = { engine, registry, version, fingerprint: FINGERPRINT };
    if (engine === REMOTE && registry === REGISTRY)
      throw new RefreshFailure(
        'DockerLoginRejected',
        `${engine}: login to ${registry}: the registry considers the token expired or denies the principal`,
      );
    if (engine === REMOTE)
      throw new RefreshFailure(
        'DockerLoginFailed',
        `${engine}: login to ${registry}: the registry timed out`,
      );
    if (engine === ABSENT) return { ...result, login: 'none', reason: 'socket not found', fingerprint: null };
    return { ...result, login: registry === REGISTRY ? 'ok' : 'inconclusive' };
  },
});

const CONNECTION = { store: 'main', registry: REGISTRY, remedy: null } as const;

export const PREVIEW: Preview = {
  dryRun: true,
  connections: [
    {
      ...CONNECTION,
      connection: 'docker_default',
      action: 'write',
      why: 'type, host, login and port are valid for this registry',
    },
    {
      ...CONNECTION,
      connection: 'docker_new',
      action: 'create',
      why: 'the connection does not exist, and the configuration sets `ifMissing: create`',
    },
    {
      ...CONNECTION,
      connection: 'gone',
      action: 'leave',
      registry: null,
      why: 'Airflow has no connection gone.',
      remedy: FAILURES.ConnectionMissing.remedy,
    },
  ],
  tokens: [
    {
      registries: [REGISTRY],
      region: 'us-east-1',
      principalArn: null,
      issuedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T12:00:00.000Z',
      usableUntil: SESSION_END,
      outlivesSession: null,
      fingerprint: FINGERPRINT,
      check: 'accepted',
    },
  ],
  docker: [{ engine: ABSENT, version: null, registry: REGISTRY, login: 'none', fingerprint: null }],
  failures: [
    {
      stage: 'inspect',
      scope: 'store',
      store: 'down',
      type: 'StoreUnreachable',
      count: 0,
      connections: [],
      message: 'Airflow down: GET connections: connection refused',
      remedy: getRemedy('StoreUnreachable'),
    },
  ],
  warnings: [toUpperCaseWarning('docker_default')],
};
