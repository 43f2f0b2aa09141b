// A run whose worker ends during a call: the call is paused, the worker ended, and the outcome recorded.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import proto from '@temporalio/proto';
import { readConnectionRow } from '../../support/airflow.js';
import type { PausedCall, PausePoint, PassingRequest } from '../../support/pausing-proxy.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { Call } from './calls.js';
import {
  startFleet,
  type ConnectionRow,
  type Fleet,
  type FleetWorker,
  type Run,
  type Services,
} from './fleet.js';

/** An attempt that did not complete. */
export interface LostAttempt {
  readonly step: string;
  /** The timeout by which Temporal ended it, or the type of its failure. */
  readonly cause: string;
}

export interface Outcome {
  readonly connection: string;
  readonly report: RefreshReport;
  readonly stepHeld: string;
  readonly heldRequest: PassingRequest;
  /** The connection as Airflow stores it, before and after the run. */
  readonly rows: readonly (ConnectionRow | undefined)[];
  /** The time from the signal to the end of the run. */
  readonly seconds: number;
  readonly lost: readonly LostAttempt[];
  /** Passwords of the tokens that were issued, the oldest first. */
  readonly issued: readonly string[];
  /** Passwords in writes that got a response from Airflow, the oldest first. */
  readonly written: readonly string[];
  /** `Authorization` headers sent to Airflow. */
  readonly authorizations: readonly (string | undefined)[];
  /** `METHOD path` of all requests to Airflow, without duplicates. */
  readonly airflowRequests: readonly string[];
  readonly firstEnded: { readonly how: string; readonly seconds: number };
  readonly secondEnded: string;
  /** What the workers left behind in their homes and temporary folders. */
  readonly residue: readonly string[];
  readonly logs: readonly string[];
}

type Failure = proto.temporal.api.failure.v1.IFailure;

/** This limit only prevents hanging; the tests check the time. */
const LIMIT_MS = 90_000;

/** Kills the worker that makes the call while the call is held. */
export async function killDuring(
  services: Services,
  name: string,
  call: Call,
  point: PausePoint,
): Promise<Outcome> {
  return withFleet(services, name, async (fleet) => {
    const { run, held } = await startRunUntil(fleet, call, point);
    return endWorker(services, fleet, run, held, 'SIGKILL');
  });
}

/**
 * Sends SIGTERM to a worker during a call of a step, and keeps it waiting for longer than its grace period of 30 s:
 * 15 s in this call, and then in the next one, which never gets a response.
 */
export async function terminateDuring(
  services: Services,
  name: string,
  call: Call,
  next: Call,
): Promise<Outcome> {
  return withFleet(services, name, async (fleet) => {
    const { run, held } = await startRunUntil(fleet, call, 'before');
    const holdingNext = hold(fleet, next, 'before');
    const release = setTimeout(held.release, 15_000);
    const outcome = await endWorker(services, fleet, run, held, 'SIGTERM').finally(() =>
      clearTimeout(release),
    );
    const heldNext = await within('the next call to hold', holdingNext);
    return { ...outcome, heldRequest: heldNext.request };
  });
}

async function withFleet<T>(
  services: Services,
  name: string,
  observe: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const fleet = await startFleet(services, name);
  try {
    return await observe(fleet);
  } finally {
    await fleet.stop();
  }
}

/** Starts the run and pauses the call; the preceding call, if any, is paused until the worker abandons it. */
async function startRunUntil(
  fleet: Fleet,
  call: Call,
  point: PausePoint,
): Promise<{ readonly run: Run; readonly held: PausedCall }> {
  const { afterLost } = call;
  const holdingFirst = afterLost ? hold(fleet, afterLost, 'before') : hold(fleet, call, point);
  const run = await fleet.startRun();
  const first = await waitForCall(run, holdingFirst);
  if (!afterLost) return { run, held: first };
  const holding = hold(fleet, call, point);
  await within('the end of the call that gets no response', first.gone);
  return { run, held: await waitForCall(run, holding) };
}

function hold(fleet: Fleet, { to, matches }: Call, point: PausePoint): Promise<PausedCall> {
  return fleet.proxies[to].pause(point, matches);
}

async function endWorker(
  services: Services,
  fleet: Fleet,
  run: Run,
  held: PausedCall,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<Outcome> {
  const { step: stepHeld, worker, other } = await fleet.findStepInProgress(run);
  const signalledAt = performance.now();
  const secondsSince = (): number => (performance.now() - signalledAt) / 1000;
  process.kill(worker.pid, signal);
  const ending = worker.exited.then((how) => ({ how, seconds: secondsSince() }));
  const report = await within('the end of the run', run.result());
  const seconds = secondsSince();
  const firstEnded = await within('the end of the first worker', ending);
  process.kill(other.pid, 'SIGTERM');
  const secondEnded = await within('the end of the second worker', other.exited);
  const rowAfter = await readConnectionRow(services.airflow, fleet.connection);
  const { requests } = fleet.proxies.airflow;
  return {
    connection: fleet.connection,
    report,
    stepHeld,
    heldRequest: held.request,
    rows: [fleet.rowBefore, rowAfter],
    seconds,
    lost: await findLostAttempts(run),
    issued: fleet.aws.issued.map(({ password }) => password),
    written: requests.flatMap(({ method, status, body }) =>
      method === 'PATCH' && status !== undefined ? [(JSON.parse(body) as { password: string }).password] : [],
    ),
    authorizations: requests.map(({ authorization }) => authorization),
    airflowRequests: [...new Set(requests.map(({ method, path }) => `${method} ${path}`))],
    firstEnded,
    secondEnded,
    residue: fleet.workers.flatMap(listResidue),
    logs: fleet.workers.map(({ logFile }) => logFile),
  };
}

/** Waits until the call is held; fails when the run ends without it. */
function waitForCall(run: Run, holding: Promise<PausedCall>): Promise<PausedCall> {
  const ending = run.result().then(() => {
    throw new Error('the run ended without the call to hold');
  });
  return within('the call to hold', Promise.race([holding, ending]));
}

async function within<T>(what: string, awaited: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`timed out after ${LIMIT_MS / 1000} s waiting for ${what}`)),
      LIMIT_MS,
    );
  });
  try {
    return await Promise.race([awaited, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

async function findLostAttempts(run: Run): Promise<LostAttempt[]> {
  const { events } = await run.fetchHistory();
  const steps = new Map(
    (events ?? []).map(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => [
      String(eventId),
      scheduled?.activityType?.name ?? '',
    ]),
  );
  return (events ?? []).flatMap((event) => {
    const started = event.activityTaskStartedEventAttributes;
    const ended = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    // The history has no separate events for attempts before the last.
    const failure = started?.lastFailure ?? ended?.failure;
    const step = steps.get(String((started ?? ended)?.scheduledEventId)) ?? '';
    return failure ? [{ step, cause: toCause(failure) }] : [];
  });
}

function toCause({ timeoutFailureInfo: timeout, applicationFailureInfo: failed }: Failure): string {
  const { TimeoutType } = proto.temporal.api.enums.v1;
  return timeout?.timeoutType ? TimeoutType[timeout.timeoutType] : (failed?.type ?? '');
}

function listResidue({ home }: FleetWorker): string[] {
  const found = readdirSync(home, { recursive: true, withFileTypes: true });
  return found
    .map((entry) => relative(home, join(entry.parentPath, entry.name)))
    .filter((path) => path !== 'tmp');
}
