// Checks the stores, ECR, registries and Docker Engines with the activities of a run, one attempt each, except for the
// activity that writes.
import { createInProcessSteps, toFailureInfo } from '../refresh-once/run-in-process.js';
import { createApp, type AppOptions } from '../app.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { describeFailure, FAILURES } from '../refresh/failures.js';
import type {
  DockerLogin,
  Inspection,
  PullProbe,
  RefreshSteps,
  RegistryProbe,
  TokenInfo,
} from '../refresh/activity-types.js';
import { DEFAULT_PRINCIPAL } from '../refresh/token-group.js';
import { failed, ok, warning, type Check } from './check.js';
import { checkStore, ONE_PATIENT_ATTEMPT } from './check-store.js';

/** Checks everything a run needs except Temporal, and returns the registries of its connections. Writes nothing. */
export async function checkServices(
  config: RefreshConfig,
  options?: AppOptions,
): Promise<{ checks: Check[]; registries: string[] }> {
  const { activities, source } = createApp(config, options);
  // A deadline in the past limits every step to one attempt.
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
  const checks = [...stores, ...tokens]
    .flatMap((part) => part.checks)
    .concat(checkAnyEngine(config), engines.flat());
  return { checks, registries: [...registries.values()].flat() };
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
}

async function checkToken(
  config: RefreshConfig,
  steps: RefreshSteps,
  group: string,
  registries: readonly string[],
): Promise<{ checks: Check[]; accepted: RegistryLogin[] }> {
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

export function tokenChecks(label: string, token: TokenInfo): Check[] {
  const { principalArn, expiresAt, usableUntil, warnings = [] } = token;
  const until =
    usableUntil === undefined
      ? ''
      : `; AWS session ends ${usableUntil}, and AWS does not document whether the token outlives it`;
  // Only the principal of the default chain has this name.
  const by = token.group.startsWith(`${DEFAULT_PRINCIPAL.name}/`) ? ' (default credentials)' : '';
  const issued = `issued to ${principalArn ?? 'an unknown principal'}${by}, expires ${expiresAt}${until}`;
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
      warning(label, `check is inconclusive: ${message}`, FAILURES.RegistryRealmForeign.remedy),
    unreachable: () => warning(label, `the token could not be verified: ${message}`, REACH_REMEDY),
    rejected: () => {
      const failure = describeFailure(type ?? 'TokenRejected', message);
      return failed(label, remedy === undefined ? failure : { ...failure, remedy });
    },
  }[outcome]();
  return [check, ...pulls.map((pull) => pullCheck(registry, pull))];
}

function pullCheck(registry: string, { image, outcome, message = '' }: PullProbe): Check {
  const label = `image ${registry}/${image}`;
  if (outcome === 'allowed') return ok(label, 'can be pulled');
  if (outcome === 'denied') return failed(label, describeFailure('RegistryPullDenied', message));
  const remedies = { missing: 'Fix `docker.probe.image`, or push the image.', unknown: REACH_REMEDY };
  return warning(label, `pull access not verified: ${message}`, remedies[outcome]);
}

/** DOCKER_HOST may name an engine that cannot be used; a warning about the configuration says why. */
function checkAnyEngine({ engines, requiresDocker }: RefreshConfig): Check[] {
  if (!requiresDocker || engines.length > 0) return [];
  const message = 'there is no Docker Engine to test, but `docker.required` is true';
  return [failed('Docker Engine', describeFailure('TokenUnverified', message))];
}

async function checkEngine(
  config: RefreshConfig,
  steps: RefreshSteps,
  engine: string,
  logins: readonly RegistryLogin[],
): Promise<Check[]> {
  const label = `Docker Engine ${engine}`;
  return Promise.all(
    logins.map(async ({ registry, group }) => {
      try {
        const input = { configHash: config.hash, engine, registry, group };
        return engineCheck(await steps.testDocker(input, ONE_PATIENT_ATTEMPT), config.requiresDocker);
      } catch (error) {
        return failed(label, toFailureInfo(error));
      }
    }),
  );
}

/** @param isRequired `docker.required: true`: a test that proves nothing fails a run */
export function engineCheck(login: DockerLogin, isRequired = false): Check {
  const check = describeLogin(login);
  return isRequired && check.outcome === 'warning' ? { ...check, outcome: 'failed' } : check;
}

function describeLogin({ engine, registry, login, version, reason }: DockerLogin): Check {
  const label = `Docker Engine ${engine}`;
  if (login === 'ok') return ok(label, `version ${version} logged in to ${registry}`);
  if (login === 'inconclusive') {
    return warning(
      label,
      `version ${version} logged in to ${registry}, but the registry also accepts a wrong password`,
      FAILURES.RegistryRealmForeign.remedy,
    );
  }
  if (version !== null) {
    const message = `version ${version}: login to ${registry} was not tested: ${reason}`;
    return warning(label, message, REACH_REMEDY);
  }
  const why = reason === undefined ? '' : ` (${reason})`;
  return ok(label, `not found${why}; not required, because \`docker.required\` is not set`);
}
