// Checks of what a run talks to: stores, ECR, registries, Docker Engines. They are the activities of a run themselves, one
// attempt each, all but the one that writes.
import { createInProcessSteps, toFailureInfo } from '../refresh-once/run-in-process.js';
import { createApp, type AppOptions } from '../app.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { ConfigStore } from '../config/config-store.js';
import { withSignal } from '../net/deadline.js';
import { describeSkipped, findRule, type ConnectionRule } from '../refresh/connection-rules.js';
import { FAILURES } from '../refresh/failures.js';
import { walkList, type ListEnd } from '../refresh/list-walk.js';
import { NAMED_PER_INSPECTION } from '../refresh/store-run.js';
import type {
  DockerLogin,
  Inspection,
  InspectTarget,
  PullProbe,
  RefreshSteps,
  RegistryProbe,
  TokenInfo,
  WritableConnections,
} from '../refresh/activity-types.js';
import type { AllowedStore } from '../activities/allowed-config.js';
import { checkOverrides } from './check-overrides.js';
import { failed, ok, warning, type Check } from './check.js';

const VERSION_LIMIT_MS = 15_000;
/** A list that is longer by its own statement than it plausibly is ends here. */
const LIST_LIMIT_MS = 60_000;
/** With the time of a retry, and what only a retry does, such as splitting a part of a list. */
const ONE_PATIENT_ATTEMPT = { attemptsBefore: 1 } as const;

/** Checks everything a run needs beside Temporal, and tells the registries of its connections. Writes nothing. */
export async function checkServices(
  config: RefreshConfig,
  options?: AppOptions,
): Promise<{ checks: Check[]; registries: string[] }> {
  const { activities, source } = createApp(new ConfigStore(config), options);
  // A deadline that has passed leaves every step one attempt.
  const steps = createInProcessSteps(activities, 'doctor', Date.now());
  const allowed = source.byHash(config.hash);
  const stores = await Promise.all(
    [...(allowed?.stores.values() ?? [])].map((store) => checkStore(config, store, steps)),
  );
  const registries = registriesByGroup(stores.flatMap(({ inspections }) => inspections));
  const tokens = await Promise.all(
    [...registries].map(([group, hosts]) => checkToken(config, steps, group, hosts)),
  );
  const accepted = tokens.flatMap((token) => token.accepted);
  const engines = await Promise.all(
    config.engines.map(({ url }) => checkEngine(config, steps, url, accepted)),
  );
  const checks = [...stores, ...tokens].flatMap((part) => part.checks).concat(engines.flat());
  return { checks, registries: [...registries.values()].flat() };
}

async function checkStore(
  config: RefreshConfig,
  store: AllowedStore,
  steps: RefreshSteps,
): Promise<{ checks: Check[]; inspections: Inspection[] }> {
  const label = `${store.title} ${store.name}`;
  const checks: Check[] = [];
  const inspections: Inspection[] = [];
  try {
    const found = await withSignal(VERSION_LIMIT_MS, undefined, (signal) => store.connections.check(signal));
    checks.push(ok(label, `answers, ${found}`));
    const { failure, warning: aboutList } = await inspectAll(config, store, steps, inspections);
    checks.push(ok(label, 'signed in, and may read connections'));
    checks.push(...connectionChecks(store, inspections));
    if (failure) checks.push(failed(label, failure));
    if (aboutList !== undefined) checks.push({ name: label, outcome: 'warning', message: aboutList });
    checks.push(...(await checkOverrides(store)));
  } catch (error) {
    checks.push(failed(label, toFailureInfo(error)));
  }
  return { checks, inspections };
}

/** Reads all connections of a store, as a run does. @param inspections what was read is added to it */
async function inspectAll(
  config: RefreshConfig,
  { name, kind, title, rules }: AllowedStore,
  steps: RefreshSteps,
  inspections: Inspection[],
): Promise<ListEnd> {
  const inspect = async (target: InspectTarget): Promise<Inspection> => {
    const input = { configHash: config.hash, store: name, target, attemptsBefore: 1 };
    const inspection = await steps.inspectConnections(input, ONE_PATIENT_ATTEMPT);
    inspections.push(inspection);
    return inspection;
  };
  const named = rules.filter((rule) => rule.kind === 'id').length;
  const isListed = named < rules.length;
  for (let offset = 0; offset < named; offset += NAMED_PER_INSPECTION) {
    await inspect({ named: { offset, limit: NAMED_PER_INSPECTION } });
  }
  if (!isListed) return {};
  const context = { now: () => new Date(), deadlineMs: Date.now() + LIST_LIMIT_MS };
  return walkList({ name, kind, title, named, isListed }, context, (listed) => inspect({ listed }));
}

export function connectionChecks(
  { name: store, title, rules }: Pick<AllowedStore, 'name' | 'title' | 'rules'>,
  inspections: readonly Inspection[],
): Check[] {
  const label = `${title} ${store}`;
  const skipped = describeSkipped(
    store,
    inspections.flatMap((inspection) => inspection.skipped ?? []),
  );
  const warnings = inspections.flatMap((inspection) => inspection.warnings).concat(skipped ?? []);
  return [
    ...inspections.flatMap(({ writable }) => writable.flatMap((part) => namedChecks(store, rules, part))),
    ...matchChecks(store, rules, inspections),
    ...inspections.flatMap(({ refused, toRetry }) =>
      [...refused, ...toRetry].map(({ connection, ...facts }) =>
        failed(`connection ${connection} of ${store}`, facts),
      ),
    ),
    ...warnings.map((message): Check => ({ name: label, outcome: 'warning', message })),
  ];
}

/** A line for each connection that the configuration names. */
function namedChecks(
  store: string,
  rules: readonly ConnectionRule[],
  { registry, connections, toCreate = [] }: WritableConnections,
): Check[] {
  return connections
    .filter((id) => findRule(rules, id)?.kind !== 'match')
    .map((id) =>
      ok(
        `connection ${id} of ${store}`,
        toCreate.includes(id)
          ? `is missing, and will be made for registry ${registry}`
          : `may be written, registry ${registry}`,
      ),
    );
}

/** A line for each pattern and registry: a pattern may take in thousands. */
function matchChecks(
  store: string,
  rules: readonly ConnectionRule[],
  inspections: readonly Inspection[],
): Check[] {
  const parts = inspections.flatMap(({ writable }) => writable);
  const toLabel = (pattern: string): string => `connections "${pattern}" of ${store}`;
  const lines = new Map<string, Map<string, number>>();
  for (const rule of rules) {
    if (rule.kind === 'match') lines.set(toLabel(rule.pattern), new Map());
  }
  for (const { registry, connections } of parts) {
    for (const id of connections) {
      const rule = findRule(rules, id);
      if (rule?.kind !== 'match') continue;
      const counts = lines.get(toLabel(rule.pattern));
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
    const input = { configHash: config.hash, group, registries };
    const { token } = await steps.extractToken(input, ONE_PATIENT_ATTEMPT);
    const checks = [...tokenChecks(label, token), ...token.probes.flatMap(probeChecks)];
    const usable = token.probes.filter(({ outcome }) => outcome !== 'rejected');
    return { checks, accepted: usable.map(({ registry }) => ({ registry, group })) };
  } catch (error) {
    return { checks: [failed(label, toFailureInfo(error))], accepted: [] };
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
  const check = {
    accepted: () => ok(label, 'accepts the token'),
    inconclusive: () =>
      warning(
        label,
        `its test is inconclusive: ${message}`,
        'Find out who answers in place of the registry.',
      ),
    unreachable: () => warning(label, `could not be asked: ${message}`, REACH_REMEDY),
    rejected: () => {
      const rejection = type ?? 'TokenRejected';
      const { scope, remedy: usual } = FAILURES[rejection];
      return failed(label, { type: rejection, scope, message, remedy: remedy ?? usual });
    },
  }[outcome]();
  return [check, ...pulls.map((pull) => pullCheck(registry, pull))];
}

function pullCheck(registry: string, { image, outcome, message = '' }: PullProbe): Check {
  const label = `image ${registry}/${image}`;
  if (outcome === 'allowed') return ok(label, 'may be pulled');
  const { remedy, scope } = FAILURES.RegistryPullDenied;
  if (outcome === 'denied') return failed(label, { type: 'RegistryPullDenied', scope, message, remedy });
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
        return engineCheck(await steps.testDocker(input, ONE_PATIENT_ATTEMPT));
      } catch (error) {
        return failed(label, toFailureInfo(error));
      }
    }),
  );
}

export function engineCheck({ engine, registry, login, version, reason }: DockerLogin): Check {
  const label = `Docker Engine ${engine}`;
  if (login === 'ok') return ok(label, `version ${version} signs in to ${registry}`);
  if (login === 'inconclusive') {
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
