// Plays a scenario: a separate Airflow, and `refresh-once` as users run it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefreshReport } from '../../../src/refresh/report.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { builtCli } from '../built-cli.js';
import { randomAwsKey } from '../scan-suite.js';
import type { Scenario } from './scenarios.js';

export interface Ended {
  readonly code: number | null;
  readonly report: RefreshReport;
  readonly airflow: AirflowStandIn;
  /** Ids whose connection holds the token. */
  readonly written: readonly string[];
  /** From the first request to the first write of the connection. */
  msUntilWrite(id: string): number;
}

export interface Surroundings {
  readonly folder: string;
  /** For AWS. */
  readonly env: NodeJS.ProcessEnv;
  readonly registryHost: string;
  add(part: AirflowStandIn): AirflowStandIn;
}

export async function play(name: string, scenario: Scenario, around: Surroundings): Promise<Ended> {
  const airflow = around.add(await startAirflowStandIn());
  for (const id of scenario.rows) airflow.connections.set(id, dockerConnection(id, around.registryHost));
  airflow.setFault((request) => scenario.fault?.(request, around.registryHost));
  const config = join(around.folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
  writeFileSync(config, configText(airflow.url, around.registryHost, scenario));
  const { code, stdout, stderr } = await refreshOnce(config, scenario.retryFor, around);
  assert.ok(stdout.startsWith('{'), `${name}: ${stdout.slice(0, 500)} ${stderr.slice(0, 2000)}`);
  const writes = airflow.requests.filter(({ method }) => method === 'PATCH');
  const startedAt = airflow.requests[0]?.at ?? 0;
  return {
    code,
    report: JSON.parse(stdout) as RefreshReport,
    airflow,
    written: [...airflow.connections.values()]
      .filter(({ password }) => password !== 'old')
      .map(({ connection_id }) => connection_id),
    msUntilWrite(id) {
      const write = writes.find(
        ({ path, body }) => path.endsWith(`/${id}`) || JSON.stringify(body).includes(`"${id}"`),
      );
      return (write?.at ?? Infinity) - startedAt;
    },
  };
}

export function dockerConnection(connection_id: string, host: string) {
  return {
    connection_id,
    conn_type: 'docker',
    description: null,
    host,
    login: 'AWS',
    schema: null,
    port: null,
    password: 'old',
    extra: null,
  };
}

function configText(url: string, registryHost: string, { named = [], pattern }: Scenario): string {
  const entries = [...named, ...(pattern === undefined ? [] : [`{match: "${pattern}"}`])];
  return `version: 1
airflows:
  - {name: main, url: "${url}", auth: {username: op, password: {env: PW}}, connections: [${entries.join(', ')}]}
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registryHost}"}
docker: {engines: []}
`;
}

/** As users run it, for at most 200 s. */
export async function refreshOnce(
  config: string,
  retryFor: string,
  { folder, env }: Pick<Surroundings, 'folder' | 'env'>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const cli = await builtCli();
  const args = [cli, 'refresh-once', '--json', '--retry-for', retryFor, '--config', config];
  const own = {
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_SECRET_ACCESS_KEY: randomAwsKey(),
    PW: 'op',
  };
  const child = spawn(process.execPath, args, { env: { ...own, ...env }, timeout: 200_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
