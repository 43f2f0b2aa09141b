// Reports of runs, made by the flow of a run itself from steps of which some go wrong.
import { FAILURES, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
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
const REFUSING = '999999999999.dkr.ecr.eu-west-1.amazonaws.com';
const OTHER_GROUP = 'default/eu-west-1';
const REMOTE = 'tcp://docker.example.com:2376';
const ABSENT = 'unix:///run/user/1000/docker.sock';
const SESSION_END = '2026-01-01T06:00:00.000Z';

export function refreshedReport(): Promise<RefreshReport> {
  return run(fakeSteps(), '2026-01-01T00:05:00.000Z', undefined);
}

/** Of a run after one that failed alike: most failures and warnings of which the flow itself makes the words. */
export async function incompleteReport(): Promise<RefreshReport> {
  const previous = await run(FAILING_STEPS, '2026-01-01T00:05:00.000Z', await refreshedReport());
  return run(FAILING_STEPS, '2026-01-01T04:05:00.000Z', previous);
}

function run(steps: RefreshSteps, now: string, previous: RefreshReport | undefined): Promise<RefreshReport> {
  return refresh(steps, {
    runId: `run-at-${now}`,
    previous,
    now: () => new Date(now),
    // Nothing is retried: what fails is reported as it is.
    deadlineMs: Date.parse(now),
    retryForMs: Infinity,
    wait: () => Promise.reject(new TypeError('nothing waits for a retry')),
    describe: toFailureInfo,
  });
}

function problem(connection: string, type: FailureType, message: string): ConnectionProblem {
  const { scope, remedy } = FAILURES[type];
  return { connection, type, scope, message, remedy };
}

const PROBES: readonly RegistryProbe[] = [
  { registry: REFUSING, outcome: 'rejected', message: 'it answered HTTP 403' },
  {
    registry: OTHER_REGISTRY,
    outcome: 'unreachable',
    message: 'no answer within 10 s',
    pulls: [
      { image: 'team/app:1.0', outcome: 'denied', message: 'it answered HTTP 403' },
      { image: 'team/other:1.0', outcome: 'denied', message: 'it answered HTTP 403' },
      { image: 'team/gone:1.0', outcome: 'missing', message: 'there is no such image' },
    ],
  },
  { registry: REGISTRY, outcome: 'inconclusive', message: 'a wrong password is let in, too' },
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
    engineProblem: 'DOCKER_HOST is ssh://, by which no engine is reached',
  }),
  async inspectConnections({ store }) {
    const nothing = { writable: [], refused: [], toRetry: [], warnings: [] };
    if (store === 'empty') return nothing;
    if (store === 'down') throw new RefreshFailure('StoreUnreachable', 'down: ECONNREFUSED');
    return {
      ...nothing,
      writable: [
        { registry: REGISTRY, group: GROUP, connections: ['docker_default', 'docker_2', 'docker_3'] },
        { registry: OTHER_REGISTRY, group: OTHER_GROUP, connections: ['docker_eu'] },
        { registry: REFUSING, group: OTHER_GROUP, connections: ['docker_refused'] },
      ],
      refused: [
        problem('gone', 'ConnectionMissing', 'Airflow has no connection gone.'),
        problem('gone_2', 'ConnectionMissing', 'Airflow has no connection gone_2.'),
      ],
      warnings: ['The host of docker_2 has capital letters.'],
      skipped: { count: 7, first: ['a', 'b'] },
    };
  },
  extractToken: async ({ group, registries }) => ({ token: tokenInfo(group, registries), toRetry: [] }),
  updateConnections: async ({ connections, group, registry }) => ({
    written: connections.filter((id) => id !== 'docker_2'),
    refused: connections
      .filter((id) => id === 'docker_2')
      .map((id) => problem(id, 'WriteUnconfirmed', 'Airflow answered with another login.')),
    toRetry: [],
    token: tokenInfo(group, [registry]),
  }),
  async testDocker({ engine, registry }) {
    const version = engine === ABSENT ? null : '28.0.0';
    const facts = { engine, registry, version, fingerprint: FINGERPRINT };
    if (engine === REMOTE && registry === REGISTRY)
      throw new RefreshFailure('DockerLoginRejected', `${engine}: the registry refused the token`);
    if (engine === REMOTE)
      throw new RefreshFailure('DockerLoginFailed', `${engine}: the registry was not reached`);
    if (engine === ABSENT)
      return { ...facts, login: 'none', reason: 'there is no such socket', fingerprint: null };
    return { ...facts, login: registry === REGISTRY ? 'ok' : 'inconclusive' };
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
      why: 'its type, host, login and port are right for this registry',
    },
    {
      ...CONNECTION,
      connection: 'docker_new',
      action: 'create',
      why: 'Airflow has no such connection, and the configuration says `ifMissing: create`',
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
      message: 'down: ECONNREFUSED',
      remedy: FAILURES.StoreUnreachable.remedy,
    },
  ],
  warnings: ['The host of docker_default has capital letters.'],
};
