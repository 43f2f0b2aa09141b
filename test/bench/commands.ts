// Commands without network access, which do little more than load the product.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatConfig } from './bench-config.js';
import type { Contestant, Series } from './series.js';
import { privateEnv, timeNode } from './timed-process.js';

const TARGET = { factor: 1, plusMs: 300 };

export function createCommandSeries(cli: string, folder: string, rounds = 15): Series {
  const configPath = join(folder, 'commands.yaml');
  writeFileSync(configPath, formatConfig({}));
  const env = { ...privateEnv(folder), AIRFLOW_PASSWORD: 'unused' };
  const create = (name: string, args: readonly string[]): Contestant => ({
    name,
    run: async () => (await timeNode(args, env)).ms,
  });
  return {
    title: 'commands',
    rounds,
    floor: create('node -e 0', ['-e', '0']),
    others: [
      { ...create('--help', [cli, '--help']), target: TARGET },
      { ...create('doctor --offline', [cli, 'doctor', '--offline', '--config', configPath]), target: TARGET },
    ],
  };
}
