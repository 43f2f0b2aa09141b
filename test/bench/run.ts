// `npm run bench`: compares whole processes on one machine. docs/decisions/0026-benchmarks.md
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AIRFLOW } from '../../sandbox/airflow/installation.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { builtCli } from '../e2e/built-cli.js';
import { createCommandSeries } from './commands.js';
import { parseOptions, type BenchOptions, type SeriesName } from './options.js';
import { createRefreshSeries } from './refresh-once.js';
import { runSeries, type Series } from './series.js';
import { createWorkerSeries } from './worker.js';

type CreateSeries = (folder: string, stops: Cleanup) => Promise<Series> | Series;

const options = parseOptions(process.argv.slice(2));
// Before the first series, so that the load does not include the benchmarks.
const machine = describeMachine();
const tables: string[] = [];
for (const create of listSeries(await builtCli(), options)) tables.push(await runInFolder(create));
process.stdout.write(`\n${[machine, ...tables].join('\n\n')}\n`);

function listSeries(cli: string, { rounds, only, connections }: BenchOptions): CreateSeries[] {
  const all: Record<SeriesName, CreateSeries[]> = {
    commands: [(folder) => createCommandSeries(cli, folder, rounds)],
    worker: [(folder, stops) => createWorkerSeries(cli, folder, stops, rounds)],
    'refresh-once': connections.map(
      (count) => (folder, stops) => createRefreshSeries(cli, folder, stops, count, rounds),
    ),
  };
  return only.flatMap((name) => all[name]);
}

/** Each series has its own services and folder, and stops them before the next. */
async function runInFolder(create: CreateSeries): Promise<string> {
  const stops = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'ecr-bench-'));
  try {
    const series = await create(folder, stops);
    const lines = await runSeries(series, (line) => process.stderr.write(`${line}\n`));
    return lines.join('\n');
  } finally {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  }
}

function describeMachine(): string {
  const [cpu] = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  return [
    `${cpus().length} x ${cpu?.model ?? 'unknown CPU'}, load ${load.join(' ')}`,
    `Node ${process.version}, Airflow ${AIRFLOW.release} (SQLite, one process)`,
  ].join('\n');
}
