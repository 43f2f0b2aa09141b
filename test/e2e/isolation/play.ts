// Runs a scenario: a separate Airflow, and `refresh-once` as users run it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefreshReport } from '../../../src/refresh/report.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { runCommandLine } from '../run-command-line.js';
import { randomAwsKey } from '../scan-suite.js';
import type { Scenario } from './scenarios.js';

const OLD = 'old';

export interface ScenarioResult {
  readonly code: number | null;
  readonly report: RefreshReport;
  readonly airflow: AirflowStandIn;
  /** Ids whose connection holds the token. */
  readonly written: readonly string[];
  /** The time from the first request to the first write of the connection. */
  msUntilWrite(id: string): number;
}

export interface Surroundings {
  readonly folder: string;
  /** Settings for AWS. */
  readonly env: NodeJS.ProcessEnv;
  readonly registryHost: string;
  add(part: AirflowStandIn): AirflowStandIn;
}

export async function play(
  name: string,
  scenario: Scenario,
  surroundings: Surroundings,
): Promise<ScenarioResult> {
  const airflow = surroundings.add(await startAirflow(scenario.rows, surroundings.registryHost));
  airflow.setFault((request) => scenario.fault?.(request, surroundings.registryHost));
  const { named = [], pattern, retryFor } = scenario;
  const connections = [...named, ...(pattern === undefined ? [] : [`{match: "${pattern}"}`])];
  const config = configText(overHttp(airflow), connections, [registryEntry(surroundings.registryHost)]);
  const { code, report } = await refreshOnce(name, config, retryFor, surroundings);
  const writes = airflow.requests.filter(({ method }) => method === 'PATCH');
  const startedAt = airflow.requests[0]?.at ?? 0;
  return {
    code,
    report,
    airflow,
    written: listWritten(airflow),
    msUntilWrite(id) {
      const write = writes.find(
        ({ path, body }) => path.endsWith(`/${id}`) || JSON.stringify(body).includes(`"${id}"`),
      );
      return (write?.at ?? Infinity) - startedAt;
    },
  };
}

/** An Airflow with Docker connections that have no token yet. */
export function startAirflow(ids: readonly string[], host: string): Promise<AirflowStandIn> {
  return startAirflowStandIn({
    connections: ids.map((connection_id) => ({
      connection_id,
      conn_type: 'docker',
      host,
      login: 'AWS',
      password: OLD,
    })),
  });
}

/** Ids of the connections that have a token. */
export function listWritten({ connections }: AirflowStandIn): string[] {
  return [...connections.values()]
    .filter(({ password }) => password !== OLD)
    .map(({ connection_id }) => connection_id);
}

/** @param airflow its URL and login, as in the file */
export function configText(
  airflow: string,
  connections: readonly string[],
  registries: readonly string[],
): string {
  return `version: 1
airflows:
  - {name: main, ${airflow}, connections: [${connections.join(', ')}]}
registries:
${registries.map((entry) => `  - ${entry}\n`).join('')}docker: {engines: []}
`;
}

export function overHttp({ url }: AirflowStandIn): string {
  return `url: "${url}", auth: {username: op, password: {env: PW}}`;
}

/** @param more further settings, as in the file */
export function registryEntry(host: string, name = 'test', region = 'us-east-1', more = ''): string {
  return `{name: ${name}, account: "123456789012", region: ${region}, registryHost: "${host}"${more}}`;
}

/** Runs as users run it, for at most 200 s. */
export async function refreshOnce(
  name: string,
  config: string,
  retryFor: string,
  { folder, env }: Pick<Surroundings, 'folder' | 'env'>,
): Promise<Pick<ScenarioResult, 'code' | 'report'>> {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
  writeFileSync(path, config);
  const args = ['refresh-once', '--json', '--retry-for', retryFor, '--config', path];
  const own = {
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_SECRET_ACCESS_KEY: randomAwsKey(),
    PW: 'op',
  };
  const { code, stdout, stderr } = await runCommandLine(args, { ...own, ...env }, [], 200_000);
  assert.ok(stdout.startsWith('{'), `${name}: ${stdout.slice(0, 500)} ${stderr.slice(0, 2000)}`);
  return { code, report: JSON.parse(stdout) as RefreshReport };
}
