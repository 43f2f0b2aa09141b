// Second step: looks at the configured connections of an Airflow and says which registry each belongs to, and
// which must not be written. Changes nothing.
import { judgeConnection } from '../domain/connection.js';
import { RefreshFailure } from '../domain/failures.js';
import { tokenGroup } from '../domain/registry-host.js';
import type { ConnectionProblem, InspectInput, Inspection, WritableConnections } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import { eachConnection, problemOf } from './each-connection.js';
import {
  DEFAULT_PRINCIPAL,
  grantedAirflow,
  targetsOf,
  type GrantedAirflow,
  type Targets,
} from './targets.js';
import type { TargetsSource } from './targets.js';

/** Each takes a GET of up to 3 s on a slow API server: these fit into an attempt of two minutes. */
const CONNECTIONS_PER_PAGE = 20;

type Finding =
  | { readonly id: string; readonly registry: string; readonly region: string; readonly warning?: string }
  | { readonly id: string; readonly problem: ConnectionProblem };

/** @throws RefreshFailure ConfigVersionMismatch, InputNotGranted, and whatever AirflowApi throws */
export async function inspectConnections(
  source: TargetsSource,
  attempt: Attempt,
  input: InspectInput,
): Promise<Inspection> {
  const targets = targetsOf(source, input.configHash);
  const airflow = grantedAirflow(targets, input.airflow);
  const start = input.page * CONNECTIONS_PER_PAGE;
  const ids = airflow.connections.slice(start, start + CONNECTIONS_PER_PAGE);
  const { results, problems } = await eachConnection(ids, attempt.number, (id) =>
    inspectOne(targets, airflow, id, attempt.signal),
  );
  return {
    writable: byRegistry(results),
    refused: [...problems, ...results.flatMap((finding) => ('problem' in finding ? [finding.problem] : []))],
    warnings: results.flatMap((finding) =>
      'warning' in finding ? [`Connection ${finding.id} of ${input.airflow}: ${finding.warning}.`] : [],
    ),
    nextPage: start + CONNECTIONS_PER_PAGE < airflow.connections.length ? input.page + 1 : null,
  };
}

async function inspectOne(
  targets: Targets,
  airflow: GrantedAirflow,
  id: string,
  signal: AbortSignal,
): Promise<Finding> {
  const connection = await airflow.api.readConnection(id, signal);
  if (!connection) return { id, problem: missing(id) };
  const judgement = judgeConnection(connection, targets.registries);
  if (judgement.writable) {
    const { registry, region, warning } = judgement;
    return { id, registry, region, ...(warning === undefined ? {} : { warning }) };
  }
  const failure = new RefreshFailure(
    judgement.type,
    `Connection ${id} is not written: ${judgement.message}.`,
  );
  return { id, problem: problemOf(id, failure) };
}

export function missing(id: string): ConnectionProblem {
  return problemOf(id, new RefreshFailure('AirflowConnectionMissing', `Airflow has no connection ${id}.`));
}

function byRegistry(findings: readonly Finding[]): WritableConnections[] {
  const parts = new Map<string, { registry: string; group: string; connections: string[] }>();
  for (const finding of findings) {
    if ('problem' in finding) continue;
    const { registry, region, id } = finding;
    const part = parts.get(registry) ?? {
      registry,
      group: tokenGroup(DEFAULT_PRINCIPAL, region),
      connections: [],
    };
    part.connections.push(id);
    parts.set(registry, part);
  }
  return [...parts.values()];
}
