// The time from the start of a worker process until its first poll for workflow tasks.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { startTemporal } from '../../sandbox/temporal.js';
import type { Cleanup } from '../../sandbox/cleanup.js';
import { formatConfig } from './bench-config.js';
import { createLoopDelay } from './loop-delay.js';
import type { Series } from './series.js';
import { privateEnv } from './timed-process.js';

const FLOOR = fileURLToPath(new URL('./floor-worker.mjs', import.meta.url));
const POLL_MS = 10;
const START_LIMIT_MS = 60_000;

export async function createWorkerSeries(
  cli: string,
  folder: string,
  stops: Cleanup,
  rounds = 9,
): Promise<Series> {
  const { address } = stops.add(await startTemporal({ stateFolder: folder }));
  const connection = await Connection.connect({ address });
  stops.add({ stop: () => connection.close() });
  const configPath = join(folder, 'worker.yaml');
  const delay = createLoopDelay(folder);
  const env = { ...privateEnv(folder), ...delay.env, TEMPORAL_ADDRESS: address, AIRFLOW_PASSWORD: 'unused' };
  let started = 0;
  // The server remembers a poller for minutes, so each process has its own task queue.
  const run = async (args: (taskQueue: string) => readonly string[]): Promise<number> => {
    started += 1;
    const taskQueue = `bench-${started}`;
    const command = args(taskQueue);
    const start = performance.now();
    const child = spawn(process.execPath, command, { env, stdio: 'ignore' });
    try {
      await waitForPoller(connection, taskQueue, child);
      return performance.now() - start;
    } finally {
      await terminate(child);
    }
  };
  return {
    title: 'worker, start to polling',
    rounds,
    floor: { name: 'Temporal SDK alone', run: () => run((taskQueue) => [FLOOR, address, taskQueue]) },
    others: [
      {
        name: 'worker',
        target: { factor: 1.5, plusMs: 0 },
        async run() {
          const ms = await run((taskQueue) => {
            writeFileSync(configPath, formatConfig({ taskQueue }));
            return [...delay.args, cli, 'worker', '--config', configPath];
          });
          delay.record();
          return ms;
        },
        getLongestDelayMs: delay.getLongestMs,
      },
    ],
  };
}

async function waitForPoller(connection: Connection, taskQueue: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: taskQueue },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    });
    if (pollers.length > 0) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${child.spawnargs.join(' ')} does not poll its task queue`);
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
