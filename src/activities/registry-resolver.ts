// Resolves the configured registries for a run: accounts and regions in Airflow Variables are read once per run. An
// invalid value is never shown.
import { FIPS_REGIONS, hasFips, isAccount, isRegion } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import {
  resolveRegistry,
  type AirflowVariable,
  type ResolvedRegistry,
  type RegistryEntry,
} from '../refresh/registry-entries.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { SingleFlight } from '../net/single-flight.js';
import type { Attempt } from '../refresh/attempt.js';
import type { AllowedConfig } from './allowed-config.js';
import { toRequestTimeout } from './call-store.js';

/** Several activities may wait for one read, so it has its own limit: two GETs and a login. */
const READ_LIMIT_MS = 30_000;

export class RegistryResolver {
  readonly #reads = new SingleFlight<ResolvedRegistry>();
  #runId: string | undefined;
  #known = new Map<string, ResolvedRegistry>();

  /**
   * Host and region of an entry of `registries`. A failed read is not cached: the next attempt reads again.
   * @throws RefreshFailure AirflowVariableMissing, AirflowVariableInvalid, and whatever VariableSource throws;
   *   DeadlineExceeded when the attempt ends
   */
  async find(allowed: AllowedConfig, settings: RegistryEntry, attempt: Attempt): Promise<ResolvedRegistry> {
    if (attempt.runId !== this.#runId) {
      this.#runId = attempt.runId;
      this.#known = new Map();
    }
    const known = this.#known;
    const key = JSON.stringify([allowed.configHash, settings.name]);
    const found = known.get(key) ?? (await this.#read(key, allowed, settings, attempt));
    known.set(key, found);
    return found;
  }

  async #read(
    key: string,
    allowed: AllowedConfig,
    settings: RegistryEntry,
    { runId, signal }: Attempt,
  ): Promise<ResolvedRegistry> {
    try {
      return await this.#reads.run(JSON.stringify([runId, key]), READ_LIMIT_MS, signal, (within) =>
        readRegistry(allowed, settings, within),
      );
    } catch (error) {
      if (!(error instanceof DeadlineExceeded) || error.endedBy !== 'limit') throw error;
      throw toRequestTimeout(`Airflow Variable of registry ${settings.name}`, error);
    }
  }
}

async function readRegistry(
  allowed: AllowedConfig,
  settings: RegistryEntry,
  signal: AbortSignal,
): Promise<ResolvedRegistry> {
  const { name, account, region } = settings;
  const read = (kind: keyof typeof GRAMMARS, value: string | AirflowVariable): Promise<string> =>
    typeof value === 'string' ? Promise.resolve(value) : readVariable(allowed, name, kind, value, signal);
  const accountId = account === undefined ? undefined : await read('account', account);
  const regionName = await read('region', region);
  if (settings.fips && !hasFips(regionName)) {
    // The configuration is checked when it is loaded; an Airflow Variable can only be checked here.
    const message = `Registry ${name} has \`fips: true\`, but ECR has no FIPS endpoint in ${regionName}`;
    throw new RefreshFailure('AirflowVariableInvalid', `${message}, only in ${FIPS_REGIONS.join(', ')}.`);
  }
  return resolveRegistry(settings, accountId, regionName);
}

const GRAMMARS = {
  account: { fits: isAccount, what: 'AWS account ID (12 digits)' },
  region: { fits: isRegion, what: 'AWS region' },
} as const;

async function readVariable(
  allowed: AllowedConfig,
  registry: string,
  kind: keyof typeof GRAMMARS,
  { airflow, key }: AirflowVariable,
  signal: AbortSignal,
): Promise<string> {
  const place = `Variable ${key} of Airflow ${airflow} (${kind} of registry ${registry})`;
  const source = allowed.variables.get(airflow);
  // The configuration check prevents this; after a bug there, the run still fails with a type of the catalogue.
  if (!source)
    throw new RefreshFailure(
      'AirflowVariableMissing',
      `${place} refers to an unknown entry of \`airflows\`.`,
    );
  const value = (await source.readVariable(key, signal))?.trim();
  if (value === undefined) throw new RefreshFailure('AirflowVariableMissing', `${place} does not exist.`);
  const { fits, what } = GRAMMARS[kind];
  if (fits(value)) return value;
  throw new RefreshFailure('AirflowVariableInvalid', `${place} is not a valid ${what}.`);
}
