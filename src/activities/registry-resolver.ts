// Owns the registries of the configuration as the current run sees them: account and region that Airflow keeps as
// Variables are read once per run. Refuses whatever is no AWS account or region, and shows nothing of it.
import { FIPS_REGIONS, hasFips, isAccount, isRegion } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import {
  resolveRegistry,
  type AirflowVariable,
  type ResolvedRegistry,
  type RegistryEntry,
} from '../refresh/registry-entries.js';
import { orAbort, type Attempt } from '../refresh/attempt.js';
import type { AllowedConfig } from './allowed-config.js';

/** A reading serves every activity that waits for it, so it has a limit of its own: two GETs and a sign-in. */
const READ_LIMIT_MS = 30_000;

export class RegistryResolver {
  #runId: string | undefined;
  #known = new Map<string, Promise<ResolvedRegistry>>();

  /**
   * Host and region of an entry of `registries`.
   * @throws RefreshFailure AirflowVariableMissing, AirflowVariableInvalid, and whatever ConnectionStore throws
   */
  async find(allowed: AllowedConfig, settings: RegistryEntry, attempt: Attempt): Promise<ResolvedRegistry> {
    if (attempt.runId !== this.#runId) {
      this.#runId = attempt.runId;
      this.#known = new Map();
    }
    const key = JSON.stringify([allowed.configHash, settings.name]);
    const known = this.#known.get(key) ?? this.#read(key, allowed, settings);
    return orAbort(known, attempt.signal);
  }

  #read(key: string, allowed: AllowedConfig, settings: RegistryEntry): Promise<ResolvedRegistry> {
    const reading = readRegistry(allowed, settings, AbortSignal.timeout(READ_LIMIT_MS));
    const known = this.#known;
    known.set(key, reading);
    // A failed reading is not kept: the next attempt asks again.
    reading.catch(() => known.delete(key));
    return reading;
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
    // The configuration is checked for it; an Airflow Variable can only be checked here.
    const message = `Registry ${name} is to be reached by FIPS, and ECR has no FIPS endpoint in ${regionName}`;
    throw new RefreshFailure('AirflowVariableInvalid', `${message}, only in ${FIPS_REGIONS.join(', ')}.`);
  }
  return resolveRegistry(settings, accountId, regionName);
}

const GRAMMARS = {
  account: { fits: isAccount, what: 'AWS account (twelve digits)' },
  region: { fits: isRegion, what: 'AWS region' },
} as const;

async function readVariable(
  allowed: AllowedConfig,
  registry: string,
  kind: keyof typeof GRAMMARS,
  { airflow, key }: AirflowVariable,
  signal: AbortSignal,
): Promise<string> {
  const place = `Variable ${key} of Airflow ${airflow}, the ${kind} of registry ${registry},`;
  const source = allowed.variables.get(airflow);
  // The configuration is checked for it; a failure of the catalogue all the same.
  if (!source) throw new RefreshFailure('AirflowVariableMissing', `${place} is of no configured airflow.`);
  const value = (await source.readVariable(key, signal))?.trim();
  if (value === undefined) throw new RefreshFailure('AirflowVariableMissing', `${place} does not exist.`);
  const { fits, what } = GRAMMARS[kind];
  if (fits(value)) return value;
  throw new RefreshFailure('AirflowVariableInvalid', `${place} holds no ${what}.`);
}
