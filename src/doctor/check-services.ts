// Checks the stores, ECR, registries and Docker Engines with the activities of a run, one attempt each, except for the
// activity that writes.
import { createInProcessSteps, toFailureInfo } from '../refresh-once/run-in-process.js';
import { createApp, type AppOptions } from '../app.js';
import type { AllowedStore } from '../activities/allowed-config.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { describeFailure, FAILURES } from '../refresh/failures.js';
import { formatTime } from '../refresh/format-time.js';
import type {
  DockerLogin,
  Inspection,
  PullProbe,
  RefreshSteps,
  RegistryProbe,
  TokenInfo,
} from '../refresh/activity-types.js';
import { DEFAULT_PRINCIPAL } from '../refresh/token-group.js';
import { failed, ok, skipped, warning, type Check, type Subject } from './check.js';
import type { UsedPrincipal } from './check-identity.js';
import { checkStore, ONE_PATIENT_ATTEMPT } from './check-store.js';
import { tokenLifeChecks } from './check-token-life.js';

/** AWS STS is asked for at most 5 s, after the credentials are loaded. */
const PRINCIPAL_LIMIT_MS = 15_000;

export interface ServiceChecks {
  readonly checks: Check[];
  /** Of the connections that can be written. */
  readonly registries: readonly string[];
  readonly principals: readonly UsedPrincipal[];
}

/** Checks everything a run needs except Temporal. Writes nothing. */
export async function checkServices(config: RefreshConfig, options?: AppOptions): Promise<ServiceChecks> {
  const { activities, source } = createApp(config, options);
  // A deadline in the past limits every step to one attempt.
  const steps = createInProcessSteps(activities, 'doctor', Date.now());
  const allowed = source.byHash(config.hash);
  const stores = await Promise.all(
    [...(allowed?.stores.values() ?? [])].map(async (store) => ({
      name: store.name,
      ...(await checkStore(config, store, steps)),
      ...(await readPrincipal(store)),
    })),
  );
  const registries = registriesByGroup(stores.flatMap(({ inspections }) => inspections));
  const tokens = await Promise.all(
    [...registries].map(([group, hosts]) => checkToken(config, steps, group, hosts)),
  );
  const logins = tokens.flatMap((token) => token.logins);
  const engines = await Promise.all(config.engines.map(({ url }) => checkEngine(config, steps, url, logins)));
  return {
    checks: [
      ...stores.flatMap(({ checks }) => checks),
      ...tokens.flatMap(({ checks }) => checks),
      ...stores.filter(({ isRead }) => !isRead).map(({ name }) => skipTokens(name)),
      ...checkAnyEngine(config),
      ...engines.flat(),
    ],
    registries: [...registries.values()].flat(),
    principals: [...stores, ...tokens].flatMap(({ principal }) => principal ?? []),
  };
}

/** The AWS principal that the store is called as, if it is called as one. */
async function readPrincipal({
  title,
  name,
  connections,
}: AllowedStore): Promise<{ principal?: UsedPrincipal }> {
  if (!connections.readPrincipal) return {};
  const principalArn = await connections.readPrincipal(AbortSignal.timeout(PRINCIPAL_LIMIT_MS));
  return { principal: { purpose: `${title} ${name}`, principalArn } };
}

function skipTokens(store: string): Check {
  const subject = { id: 'token', target: `tokens of ${store}` } as const;
  return skipped(subject, 'the registries of connections that could not be read are not known');
}

function registriesByGroup(inspections: readonly Inspection[]): Map<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const { group, registry } of inspections.flatMap(({ writable }) => writable)) {
    groups.set(group, (groups.get(group) ?? new Set()).add(registry));
  }
  return new Map([...groups].map(([group, registries]) => [group, [...registries]]));
}

interface RegistryLogin {
  readonly registry: string;
  readonly group: string;
  /** Why no engine can log in to it. */
  readonly obstacle?: string;
}

interface TokenChecks {
  readonly checks: Check[];
  readonly logins: RegistryLogin[];
  readonly principal?: UsedPrincipal;
}

async function checkToken(
  config: RefreshConfig,
  steps: RefreshSteps,
  group: string,
  registries: readonly string[],
): Promise<TokenChecks> {
  const target = `token ${group}`;
  try {
    const input = { configHash: config.hash, group, registries };
    const { token } = await steps.extractToken(input, ONE_PATIENT_ATTEMPT);
    const { principalArn, probes } = token;
    const logins = probes.map(({ registry, outcome }) => ({ registry, group, ...findObstacle(outcome) }));
    const checks = [
      ...tokenChecks(target, token),
      ...tokenLifeChecks(target, token, config.schedule),
      ...probes.flatMap(probeChecks),
    ];
    return { checks, logins, principal: { purpose: group, principalArn } };
  } catch (error) {
    const obstacle = `the check of ${target} failed`;
    const skips = registries.map((host) => skipped({ id: 'registry', target: `registry ${host}` }, obstacle));
    return {
      checks: [failed({ id: 'token', target }, toFailureInfo(error)), ...skips],
      logins: registries.map((registry) => ({ registry, group, obstacle })),
    };
  }
}

function findObstacle(outcome: RegistryProbe['outcome']): { obstacle?: string } {
  if (outcome === 'rejected') return { obstacle: 'the registry rejected the token' };
  return outcome === 'unreachable' ? { obstacle: 'the registry could not be reached' } : {};
}

export function tokenChecks(target: string, token: TokenInfo): Check[] {
  const { principalArn, expiresAt, usableUntil, warnings = [] } = token;
  const until =
    usableUntil === undefined
      ? ''
      : `; AWS session ends ${formatTime(usableUntil)}, and AWS does not document whether the token outlives it`;
  // Only the principal of the default chain has this name.
  const by = token.group.startsWith(`${DEFAULT_PRINCIPAL.name}/`) ? ' (default credentials)' : '';
  const issued = `issued to ${principalArn ?? 'an unknown principal'}${by}, expires ${formatTime(expiresAt)}${until}`;
  const subject = { id: 'token', target } as const;
  return [ok(subject, issued), ...warnings.map((message) => warning(subject, message))];
}

const REACH_REMEDY = 'Check the network, DNS, proxy and VPC endpoints between the worker and the registry.';

export function probeChecks({
  registry,
  outcome,
  message = '',
  type,
  remedy,
  pulls = [],
}: RegistryProbe): Check[] {
  const subject = { id: 'registry', target: `registry ${registry}` } as const;
  const check = {
    accepted: () => ok(subject, 'accepts the token'),
    inconclusive: () =>
      warning(subject, `check is inconclusive: ${message}`, FAILURES.RegistryRealmForeign.remedy),
    unreachable: () => warning(subject, `the token could not be verified: ${message}`, REACH_REMEDY),
    rejected: () => {
      const failure = describeFailure(type ?? 'TokenRejected', message);
      return failed(subject, remedy === undefined ? failure : { ...failure, remedy });
    },
  }[outcome]();
  return [check, ...pulls.map((pull) => pullCheck(registry, pull))];
}

function pullCheck(registry: string, { image, outcome, message = '' }: PullProbe): Check {
  const subject = { id: 'image', target: `image ${registry}/${image}` } as const;
  if (outcome === 'allowed') return ok(subject, 'can be pulled');
  if (outcome === 'denied') return failed(subject, describeFailure('RegistryPullDenied', message));
  const remedies = { missing: 'Fix `docker.probe.image`, or push the image.', unknown: REACH_REMEDY };
  return warning(subject, `pull access not verified: ${message}`, remedies[outcome]);
}

/** DOCKER_HOST may name an engine that cannot be used; a warning about the configuration says why. */
function checkAnyEngine({ engines, requiresDocker }: RefreshConfig): Check[] {
  if (!requiresDocker || engines.length > 0) return [];
  const message = 'there is no Docker Engine to test, but `docker.required` is true';
  return [failed({ id: 'engine', target: 'Docker Engine' }, describeFailure('TokenUnverified', message))];
}

async function checkEngine(
  config: RefreshConfig,
  steps: RefreshSteps,
  engine: string,
  logins: readonly RegistryLogin[],
): Promise<Check[]> {
  if (logins.length === 0) {
    return [skipped({ id: 'engine', target: `Docker Engine ${engine}` }, 'no registry is known')];
  }
  return Promise.all(
    logins.map(async ({ registry, group, obstacle }) => {
      const subject = toEngine(engine, registry);
      if (obstacle !== undefined) return skipped(subject, obstacle);
      try {
        const input = { configHash: config.hash, engine, registry, group };
        return engineCheck(await steps.testDocker(input, ONE_PATIENT_ATTEMPT), config.requiresDocker);
      } catch (error) {
        return failed(subject, toFailureInfo(error));
      }
    }),
  );
}

function toEngine(engine: string, registry: string): Subject {
  return { id: 'engine', target: `Docker Engine ${engine}, registry ${registry}` };
}

/** @param isRequired `docker.required: true`: a test that proves nothing fails a run */
export function engineCheck(login: DockerLogin, isRequired = false): Check {
  const check = describeLogin(login);
  return isRequired && check.outcome !== 'ok' ? { ...check, outcome: 'failed' } : check;
}

function describeLogin({ engine, registry, login, version, reason }: DockerLogin): Check {
  const subject = toEngine(engine, registry);
  if (login === 'ok') return ok(subject, `login succeeded (version ${version})`);
  if (login === 'inconclusive') {
    return warning(
      subject,
      `login is inconclusive (version ${version}): the registry also accepts a wrong password`,
      FAILURES.RegistryRealmForeign.remedy,
    );
  }
  if (version !== null) {
    return { ...skipped(subject, reason ?? 'the login was not tried'), remedy: REACH_REMEDY };
  }
  const why = reason === undefined ? '' : ` (${reason})`;
  return skipped(
    subject,
    `the engine was not found${why}; it is not required, since \`docker.required\` is not set`,
  );
}
