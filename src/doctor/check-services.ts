// Owns the checks of what a run talks to: Airflow, ECR, registries, Docker Engines. They are the activities of a
// run themselves, one attempt each, all but the one that writes.
import { toStepFailure, createInProcessSteps } from '../refresh-once/run-in-process.js';
import { createApp } from '../app.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { ConfigStore } from '../config/config-store.js';
import { describeSkipped, findRule, type ConnectionRule } from '../refresh/connection-rules.js';
import { FAILURES } from '../refresh/failures.js';
import type {
  DockerLogin,
  Inspection,
  PullProbe,
  RefreshSteps,
  RegistryProbe,
  TokenInfo,
  WritableConnections,
} from '../refresh/activity-types.js';
import type { ConfigSource } from '../activities/allowed-config.js';
import { failed, ok, warning, type Check } from './check.js';

const VERSION_LIMIT_MS = 15_000;

/** Checks everything a run needs beside Temporal, and tells the registries of its connections. Writes nothing. */
export async function checkServices(
  config: RefreshConfig,
): Promise<{ checks: Check[]; registries: string[] }> {
  const { activities, source } = createApp(new ConfigStore(config));
  // A deadline that has passed leaves every step one attempt.
  const steps = createInProcessSteps(activities, 'doctor', Date.now());
  const airflows = await Promise.all(
    config.airflows.map(({ name }) => checkAirflow(config, source, steps, name)),
  );
  const registries = registriesByGroup(airflows.flatMap(({ inspections }) => inspections));
  const tokens = await Promise.all(
    [...registries].map(([group, hosts]) => checkToken(config, steps, group, hosts)),
  );
  const accepted = tokens.flatMap((token) => token.accepted);
  const engines = await Promise.all(
    config.engines.map(({ url }) => checkEngine(config, steps, url, accepted)),
  );
  const checks = [...airflows, ...tokens].flatMap((part) => part.checks).concat(engines.flat());
  return { checks, registries: [...registries.values()].flat() };
}

async function checkAirflow(
  config: RefreshConfig,
  source: ConfigSource,
  steps: RefreshSteps,
  name: string,
): Promise<{ checks: Check[]; inspections: Inspection[] }> {
  const label = `Airflow ${name}`;
  const checks: Check[] = [];
  const inspections: Inspection[] = [];
  try {
    const api = source.byHash(config.hash)?.airflows.get(name)?.api;
    const version = await api?.readVersion(AbortSignal.timeout(VERSION_LIMIT_MS));
    checks.push(ok(label, `answers, version ${version}`));
    for (let page: number | null = 0; page !== null; page = inspections.at(-1)?.nextPage ?? null) {
      inspections.push(await steps.inspectConnections({ configHash: config.hash, airflow: name, page }));
    }
    checks.push(ok(label, 'signed in, and may read connections'));
    checks.push(...connectionChecks(config, name, inspections));
  } catch (error) {
    checks.push(failed(label, toStepFailure(error)));
  }
  return { checks, inspections };
}

export function connectionChecks(
  config: RefreshConfig,
  airflow: string,
  inspections: readonly Inspection[],
): Check[] {
  const rules = config.airflows.find(({ name }) => name === airflow)?.connections ?? [];
  const label = `Airflow ${airflow}`;
  const passedOver = describeSkipped(
    airflow,
    inspections.flatMap((inspection) => inspection.passedOver ?? []),
  );
  const warnings = inspections.flatMap((inspection) => inspection.warnings).concat(passedOver ?? []);
  return [
    ...inspections.flatMap(({ writable }) => writable.flatMap((part) => namedChecks(airflow, rules, part))),
    ...matchChecks(airflow, rules, inspections),
    ...inspections.flatMap(({ refused }) =>
      refused.map(({ connection, ...facts }) => failed(`connection ${connection} of ${airflow}`, facts)),
    ),
    ...inspections.flatMap(({ unreadable }) => (unreadable ? [failed(label, unreadable)] : [])),
    ...warnings.map((message): Check => ({ name: label, outcome: 'warning', message })),
  ];
}

/** A line for each connection that the configuration names. */
function namedChecks(
  airflow: string,
  rules: readonly ConnectionRule[],
  { registry, connections, toCreate = [] }: WritableConnections,
): Check[] {
  return connections
    .filter((id) => findRule(rules, id)?.kind !== 'match')
    .map((id) =>
      ok(
        `connection ${id} of ${airflow}`,
        toCreate.includes(id)
          ? `is missing, and will be made for registry ${registry}`
          : `may be written, registry ${registry}`,
      ),
    );
}

/** A line for each pattern and registry: a pattern may take in thousands. */
function matchChecks(
  airflow: string,
  rules: readonly ConnectionRule[],
  inspections: readonly Inspection[],
): Check[] {
  const parts = inspections.flatMap(({ writable }) => writable);
  const labelOf = (pattern: string): string => `connections "${pattern}" of ${airflow}`;
  const lines = new Map<string, Map<string, number>>();
  for (const rule of rules) {
    if (rule.kind === 'match') lines.set(labelOf(rule.pattern), new Map());
  }
  for (const { registry, connections } of parts) {
    for (const id of connections) {
      const rule = findRule(rules, id);
      if (rule?.kind !== 'match') continue;
      const counts = lines.get(labelOf(rule.pattern));
      counts?.set(registry, (counts.get(registry) ?? 0) + 1);
    }
  }
  return [...lines].flatMap(([label, counts]) =>
    counts.size === 0
      ? [warning(label, 'there is none that may be written', 'Mend the pattern, or remove the entry.')]
      : [...counts].map(([registry, count]) => ok(label, `${count} may be written, registry ${registry}`)),
  );
}

function registriesByGroup(inspections: readonly Inspection[]): Map<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const { group, registry } of inspections.flatMap(({ writable }) => writable)) {
    groups.set(group, (groups.get(group) ?? new Set()).add(registry));
  }
  return new Map([...groups].map(([group, registries]) => [group, [...registries]]));
}

interface SignIn {
  readonly registry: string;
  readonly group: string;
}

async function checkToken(
  config: RefreshConfig,
  steps: RefreshSteps,
  group: string,
  registries: readonly string[],
): Promise<{ checks: Check[]; accepted: SignIn[] }> {
  const label = `token ${group}`;
  try {
    const facts = await steps.extractToken({ configHash: config.hash, group, registries });
    const checks = [...tokenChecks(label, facts), ...facts.probes.flatMap(probeChecks)];
    const usable = facts.probes.filter(({ outcome }) => outcome !== 'refused');
    return { checks, accepted: usable.map(({ registry }) => ({ registry, group })) };
  } catch (error) {
    return { checks: [failed(label, toStepFailure(error))], accepted: [] };
  }
}

export function tokenChecks(label: string, facts: TokenInfo): Check[] {
  const { principalArn, expiresAt, usableUntil, warnings = [] } = facts;
  const until = usableUntil === undefined ? '' : `; its AWS session ends ${usableUntil}`;
  const issued = `issued to ${principalArn ?? '(principal unknown)'}, until ${expiresAt}${until}`;
  return [
    ok(label, issued),
    ...warnings.map((message): Check => ({ name: label, outcome: 'warning', message })),
  ];
}

const REACH_REMEDY = 'Check network, DNS, proxy and VPC endpoints between the worker and the registry.';

export function probeChecks({
  registry,
  outcome,
  message = '',
  type,
  remedy,
  pulls = [],
}: RegistryProbe): Check[] {
  const label = `registry ${registry}`;
  const signIn = {
    accepted: () => ok(label, 'accepts the token'),
    inconclusive: () =>
      warning(
        label,
        `its test is inconclusive: ${message}`,
        'Find out who answers in place of the registry.',
      ),
    unreachable: () => warning(label, `could not be asked: ${message}`, REACH_REMEDY),
    refused: () => {
      const refusal = type ?? 'TokenRejected';
      return failed(label, { type: refusal, message, remedy: remedy ?? FAILURES[refusal].remedy });
    },
  }[outcome]();
  return [signIn, ...pulls.map((pull) => pullCheck(registry, pull))];
}

function pullCheck(registry: string, { image, outcome, message = '' }: PullProbe): Check {
  const label = `image ${registry}/${image}`;
  if (outcome === 'allowed') return ok(label, 'may be pulled');
  const { remedy } = FAILURES.RegistryPullDenied;
  if (outcome === 'denied') return failed(label, { type: 'RegistryPullDenied', message, remedy });
  const remedies = { missing: 'Mend `docker.probe.image`, or push the image.', unknown: REACH_REMEDY };
  return warning(label, `whether it may be pulled is not proven: ${message}`, remedies[outcome]);
}

async function checkEngine(
  config: RefreshConfig,
  steps: RefreshSteps,
  engine: string,
  signIns: readonly SignIn[],
): Promise<Check[]> {
  const label = `Docker Engine ${engine}`;
  return Promise.all(
    signIns.map(async ({ registry, group }) => {
      try {
        const input = { configHash: config.hash, engine, registry, group };
        return engineCheck(await steps.testDocker(input));
      } catch (error) {
        return failed(label, toStepFailure(error));
      }
    }),
  );
}

export function engineCheck({ engine, registry, signIn, version, reason }: DockerLogin): Check {
  const label = `Docker Engine ${engine}`;
  if (signIn === 'ok') return ok(label, `version ${version} signs in to ${registry}`);
  if (signIn === 'inconclusive') {
    return warning(
      label,
      `version ${version} signs in to ${registry} with a wrong password, too`,
      'Find out who answers the engine in place of the registry.',
    );
  }
  if (version !== null) {
    const message = `version ${version} was not asked to sign in to ${registry}: ${reason}`;
    return warning(label, message, REACH_REMEDY);
  }
  return warning(
    label,
    `is not there${reason === undefined ? '' : `: ${reason}`}`,
    'Without an engine the token is shown to the registry alone. Name one under `docker.engines` to insist on it.',
  );
}
