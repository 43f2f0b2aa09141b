// The fields of every JSON document that a command prints. Types do not exist at run time, so each field is listed
// here. The compiler reports a field or value that is missing here or that the type does not have.
import type { Check } from '../../src/doctor/check.js';
import type { Problem } from '../../src/refresh/problem.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { Preview } from '../../src/refresh-once/refresh-once.js';
import type { RunIds } from '../../src/schedule/find-runs.js';
import type { TriggeredRun } from '../../src/schedule/trigger-run.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { TEMPORAL_REASONS, type TemporalReason } from '../../src/temporal/unavailable.js';
import type { RunInProgress } from '../../src/schedule/run-in-progress.js';
import type { DoctorDocument } from '../format-checks.js';
import type { ErrorDocument } from '../error-document.js';
import type { Fields, Shape } from './shape.js';
import type { ApplyDocument, ChangeDocument } from '../format-apply.js';
import type { ScheduleDocument } from '../format-schedule.js';
import type { TriggerDocument } from '../schedule-trigger.js';

const SCOPE = {
  values: {
    connection: true,
    store: true,
    registry: true,
    'token group': true,
    engine: true,
    run: true,
  },
} as const;

const REPORT = {
  outcome: { values: { refreshed: true, incomplete: true } },
  runId: 'text',
  configHash: 'text',
  startedAt: 'text',
  finishedAt: 'text',
  tokens: [
    {
      registries: ['text'],
      region: 'text',
      principalArn: 'text',
      issuedAt: 'text',
      expiresAt: 'text',
      usableUntil: 'text',
      outlivesSession: 'boolean',
      fingerprint: 'text',
      check: { values: { accepted: true, rejected: true, unreachable: true, inconclusive: true } },
    },
  ],
  stores: [
    {
      store: 'text',
      kind: 'text',
      registry: 'text',
      refreshed: 'number',
      failed: 'number',
      fingerprint: 'text',
      expiresAt: 'text',
      usableUntil: 'text',
      outlivesSession: 'boolean',
      principalArn: 'text',
      lastRefreshedAt: 'text',
    },
  ],
  docker: [
    {
      engine: 'text',
      version: 'text',
      registry: 'text',
      login: { values: { ok: true, inconclusive: true, rejected: true, none: true } },
      fingerprint: 'text',
    },
  ],
  failures: [
    {
      stage: { values: { plan: true, inspect: true, extract: true, update: true, test: true } },
      scope: SCOPE,
      store: 'text',
      registry: 'text',
      engine: 'text',
      type: 'failure type',
      count: 'number',
      connections: ['text'],
      message: 'text',
      remedy: 'text',
      failingSince: 'text',
    },
  ],
  unproven: [
    {
      registry: 'text',
      engine: 'text',
      reason: { values: { unreachable: true, inconclusive: true, 'not tested': true } },
    },
  ],
  warnings: ['text'],
} as const satisfies Fields<RefreshReport>;

const { tokens, docker, failures, warnings } = REPORT;
const PREVIEW = {
  dryRun: 'boolean',
  connections: [
    {
      store: 'text',
      connection: 'text',
      action: { values: { write: true, create: true, leave: true } },
      registry: 'text',
      why: 'text',
      remedy: 'text',
    },
  ],
  tokens,
  docker,
  failures,
  warnings,
} as const satisfies Fields<Preview>;

const PROBLEM = {
  id: 'text',
  target: 'text',
  message: 'text',
  remedy: 'text',
  since: 'text',
} as const satisfies Fields<Problem>;

const RUN_IN_PROGRESS = {
  workflowId: 'text',
  runId: 'text',
  startedAt: 'text',
  taskQueue: 'text',
  waitingForWorkerSince: 'text',
  failedWorkflowTasks: 'number',
  isIdle: 'boolean',
  steps: [
    {
      step: 'text',
      target: 'text',
      failedAttempts: 'number',
      failingSince: 'text',
      failure: { type: 'failure type', scope: SCOPE, message: 'text', remedy: 'text', connections: ['text'] },
      nextAttemptAt: 'text',
    },
  ],
  progress: { stepsDone: 'number', stepsInProgress: 'number', storesDone: ['text'] },
  report: 'report',
} as const satisfies Fields<RunInProgress>;

const STATUS = {
  outcome: { values: { ok: true, failing: true } },
  problems: [PROBLEM],
  warnings: ['text'],
  checkedAt: 'text',
  schedule: { id: 'text', exists: 'boolean', paused: 'boolean', note: 'text', nextRunAt: 'text' },
  workers: { taskQueue: 'text', alive: 'boolean', identities: ['text'] },
  run: RUN_IN_PROGRESS,
  lastRun: {
    workflowId: 'text',
    runId: 'text',
    closedAt: 'text',
    outcome: { values: { refreshed: true, incomplete: true, 'no report': true } },
    reason: 'text',
  },
  stores: REPORT.stores,
  report: 'report',
} as const satisfies Fields<RefreshStatus>;

const CHECK = {
  id: {
    values: {
      configuration: true,
      'schedule-margin': true,
      identity: true,
      'native-library': true,
      'temporal-settings': true,
      temporal: true,
      schedule: true,
      'schedule-match': true,
      workers: true,
      'task-queue': true,
      worker: true,
      'config-in-use': true,
      store: true,
      'store-login': true,
      connection: true,
      connections: true,
      override: true,
      token: true,
      'token-life': true,
      registry: true,
      image: true,
      engine: true,
      'docker-config': true,
    },
  },
  target: 'text',
  outcome: { values: { ok: true, warning: true, failed: true, skipped: true } },
  message: 'text',
  remedy: 'text',
} as const satisfies Fields<Check>;

const TRIGGERED = {
  workflowId: 'text',
  runId: 'text',
  alreadyRunning: 'boolean',
} as const satisfies Fields<TriggeredRun>;

const APPLIED = {
  scheduleId: 'text',
  outcome: { values: { created: true, updated: true, unchanged: true, replaced: true } },
  summary: 'text',
  firstRun: TRIGGERED,
  paused: 'boolean',
  nextRunAt: 'text',
} as const satisfies Fields<ApplyDocument>;

const RUN_IDS = { workflowId: 'text', runId: 'text' } as const satisfies Fields<RunIds>;

const CHANGED = {
  scheduleId: 'text',
  outcome: { values: { paused: true, unpaused: true, deleted: true } },
  running: [RUN_IDS],
  nextRunAt: 'text',
} as const satisfies Fields<ChangeDocument>;

const ERROR = {
  error: {
    code: {
      values: {
        usage: true,
        'config-invalid': true,
        'node-unsupported': true,
        'temporal-settings-invalid': true,
        ...(Object.fromEntries(TEMPORAL_REASONS.map((reason) => [`temporal-${reason}`, true])) as Record<
          `temporal-${TemporalReason}`,
          true
        >),
        'schedule-missing': true,
        'other-deployment': true,
        'command-failed': true,
        'native-library-missing': true,
        environment: true,
        unexpected: true,
      },
    },
    message: 'text',
    remedy: 'text',
    problems: [
      {
        code: 'text',
        file: 'text',
        line: 'number',
        column: 'number',
        path: 'text',
        message: 'text',
        remedy: 'text',
      },
    ],
  },
} as const satisfies Fields<ErrorDocument>;

const SCHEDULE = {
  scheduleId: 'text',
  problems: [PROBLEM],
  upToDate: 'boolean',
  differences: ['text'],
  notCompared: 'text',
  summary: 'text',
  inTemporal: 'text',
  taskQueue: 'text',
  workflowType: 'text',
  everyMs: 'number',
  jitterMs: 'number',
  executionTimeoutMs: 'number',
  paused: 'boolean',
  note: 'text',
  runsStarted: 'number',
  startsSkipped: 'number',
  startsMissed: 'number',
  running: [RUN_IDS],
  nextRunsAt: ['text'],
} as const satisfies Fields<ScheduleDocument>;

/** Keys are the names in the contract. */
export const JSON_SHAPES = {
  report: REPORT,
  'dry run': PREVIEW,
  status: STATUS,
  doctor: {
    outcome: { values: { ok: true, warning: true, failed: true } },
    checks: [CHECK],
  } as const satisfies Fields<DoctorDocument>,
  'schedule apply': APPLIED,
  'schedule describe': SCHEDULE,
  'schedule trigger': { ...TRIGGERED, endedRuns: ['text'] } as const satisfies Fields<TriggerDocument>,
  'schedule pause, unpause, delete': CHANGED,
  error: ERROR,
} as const satisfies Readonly<Record<string, Shape>>;
