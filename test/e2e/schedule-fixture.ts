// Commands of the schedule for the end-to-end tests, with a configuration file of their own schedule.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { loadConfig } from '../../src/config/load.js';
import { buildScheduleOptions, type DesiredSchedule } from '../../src/schedule/build-schedule.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { configEvery, type ScheduleServer } from './schedule-server.js';

const PASSWORD = { AIRFLOW_PASSWORD: 'correct horse' };

export interface ScheduleFixture {
  readonly id: string;
  readonly taskQueue: string;
  /** Writes other times into the file. */
  readonly write: (times: string) => void;
  /** What the file says. */
  readonly desired: () => DesiredSchedule;
  readonly run: (...args: string[]) => Promise<CommandResult>;
  /** Without the secret that the configuration names. */
  readonly runWithoutSecrets: (...args: string[]) => Promise<CommandResult>;
  /** The JSON document of a command that succeeds. */
  readonly runJson: <T>(...args: string[]) => Promise<T>;
}

/** A configuration file with these times, such as `every: 4h`. */
export function formatScheduleConfig({ schedule, taskQueue }: RefreshConfig, times: string): string {
  return `version: 1
airflows:
  - name: main
    url: http://127.0.0.1:1
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
temporal: {taskQueue: "${taskQueue}"}
schedule: {id: "${schedule.id}", ${times}}
`;
}

export function createScheduleFixture(
  server: ScheduleServer,
  config: RefreshConfig = configEvery(),
): ScheduleFixture {
  const { taskQueue, schedule } = config;
  const file = join(server.stateFolder, `${schedule.id}.yaml`);
  const env = { ...process.env, TEMPORAL_ADDRESS: server.address, ECR_REFRESH_CONFIG: file };
  const write = (times: string): void => writeFileSync(file, formatScheduleConfig(config, times));
  write('every: 4h');
  const run = (...args: string[]): Promise<CommandResult> =>
    runCommandLine(args, { ...env, ...PASSWORD }, [], 200_000);
  return {
    id: schedule.id,
    taskQueue,
    write,
    desired: () => buildScheduleOptions(loadConfig(file, { ...env, ...PASSWORD })),
    run,
    runWithoutSecrets: (...args) => runCommandLine(args, env),
    runJson: async <T>(...args: string[]) => {
      const { code, stdout, stderr } = await run(...args, '--json');
      assert.deepEqual([code, stderr], [0, '']);
      return JSON.parse(stdout) as T;
    },
  };
}
