import type { FailureInfo } from '../refresh/failures.js';

/** What is checked, by id. Ids and their meaning stay the same in later versions; docs/doctor.md is generated from this. */
export const CHECKS = {
  configuration: 'The configuration file is valid. One check for each problem and warning.',
  'schedule-margin': 'The outage that the schedule of the configuration survives.',
  identity: 'As which user, on which host, and with which AWS principals the checks ran.',
  'network-settings': 'Variables about proxies and certificates can be used. Listed only where they cannot.',
  'native-library': 'The native library of Temporal loads on this machine. Only the worker needs it.',
  'temporal-settings': 'The settings of Temporal can be used. One check for each problem and warning.',
  temporal: 'Temporal responds, and the namespace exists.',
  schedule: 'The schedule exists, is not paused, and starts runs often enough.',
  'schedule-match': 'The schedule in Temporal is the one of the configuration.',
  workers: 'A worker is alive and polls the task queue of the schedule.',
  'task-queue': 'The task queue has no current version, or a worker has it.',
  worker: 'One worker that Temporal has seen lately, and the configuration that it started with.',
  'config-in-use': 'The last run used the configuration in the file.',
  store: 'The Airflow instance responds.',
  'store-login': 'The Airflow instance accepts the login, and its connections can be read.',
  connection: 'One connection that is listed by id. The first run checks whether it may be edited.',
  connections: 'The connections that one pattern matches, or a warning about connections.',
  override: 'Something overrides a connection, so that a new token has no effect.',
  token: 'AWS issues a token for one principal and region.',
  'token-life': 'Tokens last until the next run replaces them. Listed only where they do not.',
  registry: 'The registry accepts the token.',
  image: 'One image of `docker.probe` can be pulled.',
  engine: 'A Docker Engine can log in to the registry.',
  'docker-config': 'The Docker configuration of the user overrides no connection.',
} as const;

export type CheckId = keyof typeof CHECKS;

/** What one check is about. */
export interface Subject {
  readonly id: CheckId;
  /** `Airflow main`, `connection docker_default of main`, `token default/us-east-1` */
  readonly target: string;
}

export interface Check extends Subject {
  /** `skipped`: it could not be checked; the message states why. */
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  /** Continues the target: `responds, version 3.3.2`. */
  readonly message: string;
  /** How to fix it; null if there is nothing to fix here. */
  readonly remedy: string | null;
}

export function ok({ id, target }: Subject, message: string): Check {
  return { id, target, outcome: 'ok', message, remedy: null };
}

export function warning({ id, target }: Subject, message: string, remedy: string | null = null): Check {
  return { id, target, outcome: 'warning', message, remedy };
}

export function failed(
  { id, target }: Subject,
  { type, message, remedy }: Pick<FailureInfo, 'type' | 'message' | 'remedy'>,
): Check {
  return { id, target, outcome: 'failed', message: `${type}: ${omitPlace(target, message)}`, remedy };
}

/** Most messages begin with their place, such as `Airflow main: `, which the target shows already. */
function omitPlace(target: string, message: string): string {
  const [place = ''] = message.split(': ', 1);
  const isShown = target === place || target.endsWith(` ${place}`);
  return isShown ? message.slice(`${place}: `.length) : message;
}

/** @param reason continues `not checked, because` */
export function skipped({ id, target }: Subject, reason: string): Check {
  return { id, target, outcome: 'skipped', message: `not checked, because ${reason}`, remedy: null };
}

/** The worst of the checks; what was skipped changes nothing, since what prevented it has a check of its own. */
export function toOutcome(checks: readonly Check[]): 'ok' | 'warning' | 'failed' {
  const outcomes = new Set(checks.map(({ outcome }) => outcome));
  if (outcomes.has('failed')) return 'failed';
  return outcomes.has('warning') ? 'warning' : 'ok';
}
