// Owns the way from parsed `registries` to what the worker goes by: account, region, hosts, endpoint and principal.
// Refuses what contradicts itself, what repeats another entry, and values to be read from an Airflow that is not known.
import {
  describeUnknownRegion,
  ECR_PUBLIC_REGION,
  FIPS_REGIONS,
  hasFips,
  isAccount,
  getPartition,
} from '../refresh/aws-regions.js';
import { resolveStatic, type AirflowVariable } from '../refresh/registry-entries.js';
import { checkEcrEndpoint, checkRegistryHost } from './urls.js';
import type { SettingPath } from './config-error.js';
import type { RegistryConfig } from './refresh-config.js';
import type { Reference } from './references.js';
import { resolveCredentials } from './resolve-credentials.js';
import {
  checkRegion,
  getField,
  isMapping,
  toList,
  reportDuplicate,
  reportUrlProblem,
  reportUnknownName,
  resolveValue,
  isPresent,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { registrySchema } from './schema/registries.js';

type Settings = ReturnType<typeof validFields<typeof registrySchema>>;
type Setting = string | Reference | { readonly airflowVariable: string; readonly airflow: string };

/** A registry, and all that a run of it depends on as plain data. */
export interface ResolvedRegistrySection {
  readonly registry: RegistryConfig;
  readonly identity: unknown;
}

/** What an entry is, apart from its name, host and credentials. */
interface Place {
  readonly account?: string | AirflowVariable;
  readonly region: string | AirflowVariable;
}

/** The registries of the parsed file; those with faults, all reported, are left out. */
export function resolveRegistries(
  raw: unknown,
  airflows: readonly string[],
  resolution: Resolution,
): ResolvedRegistrySection[] {
  const names = new Map<string, string>();
  const seen = new Map<string, string>();
  const registries: ResolvedRegistrySection[] = [];
  for (const [index, item] of toList(raw).entries()) {
    const at = ['registries', index];
    reportDuplicate(
      validFields(registrySchema, item).name,
      [...at, 'name'],
      names,
      'the name',
      resolution.report,
    );
    const resolved = resolveEntry(item, at, airflows, resolution);
    if (!resolved) continue;
    refuseTwin(resolved.registry, at, seen, resolution);
    registries.push(resolved);
  }
  return registries;
}

function resolveEntry(
  item: unknown,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): ResolvedRegistrySection | undefined {
  const settings = validFields(registrySchema, item);
  const { name, kind = 'private', fips = false, dualStack = false, registryHost, endpoint } = settings;
  const hostFault = registryHost === undefined ? undefined : checkRegistryHost(registryHost);
  if (hostFault) reportUrlProblem(hostFault, [...at, 'registryHost'], resolution);
  const place = resolvePlace(item, settings, at, airflows, resolution);
  const region = typeof place?.region === 'string' ? place.region : undefined;
  const isReachable = checkEndpoints(item, at, region, resolution);
  const credentials = resolveCredentials(
    getField(item, 'credentials'),
    [...at, 'credentials'],
    region === undefined ? undefined : getPartition(region),
    resolution,
  );
  if (name === undefined || !place || !isReachable || hostFault || !credentials) return undefined;
  const rest = {
    name,
    kind,
    ...place,
    ...(registryHost === undefined ? {} : { registryHost }),
    fips,
    dualStack,
    ...(endpoint === undefined ? {} : { endpoint: endpoint.replace(/\/+$/, '') }),
  };
  const { principal, identity } = credentials;
  return { registry: { ...rest, principal }, identity: { ...rest, credentials: identity } };
}

function resolvePlace(
  item: unknown,
  settings: Settings,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): Place | undefined {
  // What else the entry needs depends on its kind: with a slip there, more would only add confusion.
  if (!isMapping(item) || settings.kind === undefined) return undefined;
  if (getField(item, 'kind') === undefined && isPresent(item, 'kind', registrySchema)) return undefined;
  return settings.kind === 'public'
    ? resolvePublic(item, at, resolution)
    : resolvePrivate(item, settings, at, airflows, resolution);
}

/** ECR Public is of no account, and issues its tokens in one region. */
function resolvePublic(item: unknown, at: SettingPath, { report }: Resolution): Place | undefined {
  let isHealthy = true;
  const refuse = (key: string, message: string): void => {
    report([...at, key], message, 'Remove it.');
    isHealthy = false;
  };
  const region = getField(item, 'region');
  if (region !== undefined && region !== ECR_PUBLIC_REGION) {
    refuse('region', `is not ${ECR_PUBLIC_REGION}, where alone ECR Public issues tokens`);
  }
  if (getField(item, 'account') !== undefined)
    refuse('account', 'stands beside kind: public, which is of no account');
  if (getField(item, 'registryHost') !== undefined)
    refuse('registryHost', 'stands beside kind: public, which has hosts of its own');
  if (getField(item, 'fips') === true) refuse('fips', 'asks for what ECR Public does not have');
  return isHealthy ? { region: ECR_PUBLIC_REGION } : undefined;
}

function resolvePrivate(
  item: unknown,
  settings: Settings,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): Place | undefined {
  const examples = { region: 'us-east-1', account: '"123456789012"' } as const;
  for (const key of ['region', 'account'] as const) {
    if (isPresent(item, key, registrySchema)) continue;
    resolution.report([...at, key], 'is missing', `Write for example \`${key}: ${examples[key]}\`.`);
  }
  const region = resolveRegion(settings.region, [...at, 'region'], airflows, resolution);
  const account = resolveAccount(settings.account, [...at, 'account'], airflows, resolution);
  return region === undefined || account === undefined ? undefined : { account, region };
}

/** Whether ECR can be asked where the entry says. @param region undefined where it is not known, or wrong */
function checkEndpoints(
  item: unknown,
  at: SettingPath,
  region: string | undefined,
  resolution: Resolution,
): boolean {
  const { kind, fips, dualStack, endpoint } = validFields(registrySchema, item);
  if (endpoint !== undefined) {
    const fault = checkEcrEndpoint(endpoint, region);
    if (fault) reportUrlProblem(fault, [...at, 'endpoint'], resolution);
    if (fault) return false;
  }
  // FIPS of ECR Public is refused as such.
  const special = fips && kind === 'private' ? 'fips' : dualStack ? 'dualStack' : undefined;
  if (special !== undefined && endpoint !== undefined) {
    resolution.report(
      [...at, special],
      'stands beside endpoint, which is asked in place of it',
      'Remove one of the two.',
    );
    return false;
  }
  if (!fips || region === undefined || hasFips(region)) return true;
  resolution.report(
    [...at, 'fips'],
    `asks for what ECR does not have in ${region}`,
    `Remove it; ECR has FIPS endpoints in ${FIPS_REGIONS.join(', ')}.`,
  );
  return false;
}

/** Two entries for one registry make sense only where they get its tokens in different ways. */
function refuseTwin(
  registry: RegistryConfig,
  at: SettingPath,
  seen: Map<string, string>,
  { report }: Resolution,
): void {
  const { name: _name, account, principal, ...rest } = registry;
  const what = rest.registryHost !== undefined ? 'registryHost' : rest.kind === 'public' ? 'kind' : 'account';
  const words = { registryHost: 'the host', kind: 'the kind', account: 'account and region' }[what];
  // A host of its own does not follow from the account.
  const entry = { ...rest, principal: principal.name, ...(what === 'account' ? { account } : {}) };
  reportDuplicate(JSON.stringify(entry), [...at, what], seen, words, report);
}

function resolveRegion(
  setting: Setting | undefined,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): string | AirflowVariable | undefined {
  const setRegion = resolveSetting(setting, at, airflows, resolution);
  if (typeof setRegion === 'object') return setRegion;
  const region = checkRegion(setRegion, at, resolution);
  const doubt = region === undefined ? undefined : describeUnknownRegion(region);
  if (doubt) {
    resolution.warn(
      at,
      'is no AWS region that this release knows',
      doubt.meant === undefined ? 'Fix it, unless the region is new.' : `Did you mean \`${doubt.meant}\`?`,
    );
  }
  return region;
}

function resolveAccount(
  setting: Setting | undefined,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): string | AirflowVariable | undefined {
  const account = resolveSetting(setting, at, airflows, resolution);
  if (account === undefined || typeof account === 'object' || isAccount(account)) return account;
  const fault = {
    message: 'is no AWS account: twelve digits',
    remedy: 'Write for example `account: "123456789012"`.',
  };
  return reportUrlProblem(fault, at, resolution);
}

function resolveSetting(
  setting: Setting | undefined,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): string | AirflowVariable | undefined {
  if (typeof setting !== 'object' || !('airflowVariable' in setting)) {
    return resolveValue(setting, at, resolution);
  }
  const { airflow, airflowVariable: key } = setting;
  if (airflows.includes(airflow)) return { airflow, key };
  reportUnknownName(airflow, airflows, 'airflow', [...at, 'airflow'], resolution);
  return undefined;
}

/** Warns of entries that decide nothing: connections with a host of ECR need none. */
export function warnUnusedRegistries(
  raw: unknown,
  registries: readonly RegistryConfig[],
  used: ReadonlySet<string>,
  { warn }: Resolution,
): void {
  for (const [index, item] of toList(raw).entries()) {
    const registry = registries.find(({ name }) => name === getField(item, 'name'));
    if (!registry || registry.registryHost !== undefined || used.has(registry.name)) continue;
    const decides =
      registry.principal.kind !== 'default' || registry.fips || registry.dualStack || registry.endpoint;
    // What an Airflow keeps is read only for connections that name the entry.
    if (decides && resolveStatic(registry)) continue;
    warn(
      ['registries', index],
      'has no effect: no connection names it',
      `Name it by \`registry: ${registry.name}\` in an entry of \`connections\`, or remove it: a host of ECR tells its ` +
        'own account and region.',
    );
  }
}
