// Owns the way from parsed `airflows` to what the worker goes by: address, sign-in, headers, authorities, connections.
// Refuses what cannot go together, within one airflow and among all of them.
import { isExampleUrl, readAirflowUrl } from './urls.js';
import { readCaFile } from './ca-file.js';
import type { SettingPath } from './config-error.js';
import type { AirflowSettings, StoreConfig } from './refresh-config.js';
import type { Reference } from './references.js';
import { resolveAuth, type ResolvedAuth } from './resolve-auth.js';
import { reportOverlaps, resolveConnections, type PlacedRule } from './resolve-connections.js';
import { resolveHeaders, type ResolvedHeader } from './resolve-headers.js';
import {
  getField,
  isMapping,
  getKeys,
  toList,
  reportDuplicate,
  reportUrlProblem,
  resolveValue,
  isPresent,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { airflowSchema, authSchema } from './schema/airflows.js';

/** An airflow, and all that a run of it depends on as plain data: secrets stood for by their references. */
export interface ResolvedAirflow {
  readonly store: StoreConfig;
  readonly identity: unknown;
}

/** The airflows of the parsed file; those with faults, all reported, are left out. */
export function resolveAirflows(
  raw: unknown,
  registries: readonly string[],
  resolution: Resolution,
): ResolvedAirflow[] {
  const names = new Map<string, string>();
  const byDeployment = new Map<string, PlacedRule[]>();
  const airflows: ResolvedAirflow[] = [];
  for (const [index, item] of toList(raw).entries()) {
    const at = ['airflows', index];
    const { name } = validFields(airflowSchema, item);
    reportDuplicate(name, [...at, 'name'], names, 'the name', resolution.report);
    const connections = resolveConnections(
      getField(item, 'connections'),
      [...at, 'connections'],
      registries,
      resolution,
    );
    const access = resolveAccess(item, at, name ?? '', resolution);
    // Two airflows with one URL are one Airflow: both would write the same connection. Without a valid address,
    // only the list itself can be compared.
    const deployment = access.deployment ?? String(index);
    byDeployment.set(deployment, [...(byDeployment.get(deployment) ?? []), ...connections]);
    const airflow = name === undefined ? undefined : assemble(name, access, connections);
    if (airflow) airflows.push(airflow);
  }
  for (const placed of byDeployment.values()) reportOverlaps(placed, resolution);
  return airflows;
}

/** How an Airflow is reached. */
interface Access {
  readonly url: string | undefined;
  readonly auth: ResolvedAuth | undefined;
  readonly version: AirflowSettings['version'];
  readonly headers: readonly ResolvedHeader[];
  readonly caFile: { readonly path: string; readonly setting: string } | undefined;
  /** Equal for two airflows that are one Airflow; undefined when it cannot be told. */
  readonly deployment: string | undefined;
}

function resolveAccess(raw: unknown, at: SettingPath, name: string, resolution: Resolution): Access {
  const settings = validFields(airflowSchema, raw);
  const auth = resolveAuth(getField(raw, 'auth'), [...at, 'auth'], `airflow "${name}"`, resolution);
  const authSetting = getField(raw, 'auth');
  if (isPresent(authSetting, 'mwaa', authSchema)) {
    // Beside another way to sign in, it is not known which of the two is meant.
    if (getKeys(authSetting).length === 1) refuseBesideMwaa(raw, at, resolution);
  } else if (isMapping(raw) && !isPresent(raw, 'url', airflowSchema)) {
    resolution.report([...at, 'url'], 'is missing', 'Write for example `url: https://airflow.example.com`.');
  }
  const url = resolveUrl(settings.url, settings.allowInsecureHttp ?? false, [...at, 'url'], resolution);
  const way = auth?.auth;
  return {
    url,
    auth,
    version: settings.version ?? 'auto',
    headers: resolveHeaders(getField(raw, 'headers'), [...at, 'headers'], resolution),
    caFile: resolveCaFile(settings.caFile, url, [...at, 'caFile'], resolution),
    deployment: way?.kind === 'mwaa' ? `mwaa ${way.region} ${way.environment}` : url,
  };
}

/** AWS finds the environment by its name and signs the requests: none of these could be heeded. */
function refuseBesideMwaa(raw: unknown, at: SettingPath, { report }: Resolution): void {
  for (const key of ['url', 'headers', 'caFile', 'allowInsecureHttp']) {
    if (getField(raw, key) === undefined) continue;
    report(
      [...at, key],
      'stands beside auth.mwaa, which reaches Airflow through AWS',
      'Remove one of the two.',
    );
  }
}

function resolveUrl(
  setting: string | Reference | undefined,
  allowInsecureHttp: boolean,
  at: SettingPath,
  resolution: Resolution,
): string | undefined {
  const text = resolveValue(setting, at, resolution);
  if (text === undefined) return undefined;
  const reading = readAirflowUrl(text, allowInsecureHttp);
  if (!('url' in reading)) return reportUrlProblem(reading, at, resolution);
  if (isExampleUrl(reading.url)) {
    resolution.warn(at, 'is an address of the documentation, which nobody has', 'Name your Airflow.');
  }
  return reading.url;
}

function resolveCaFile(
  setting: string | undefined,
  url: string | undefined,
  at: SettingPath,
  resolution: Resolution,
): Access['caFile'] {
  if (setting === undefined) return undefined;
  const reading = readCaFile(setting, resolution.source.folder);
  if (!('path' in reading)) return reportUrlProblem(reading, at, resolution);
  if (url?.startsWith('http:')) {
    resolution.warn(at, 'has no effect: `url` is http://', 'Remove it, or write https:// in `url`.');
  }
  return { path: reading.path, setting };
}

function assemble(name: string, access: Access, placed: readonly PlacedRule[]): ResolvedAirflow | undefined {
  const { url, auth, version, headers, caFile } = access;
  if (!auth || (url === undefined && auth.auth.kind !== 'mwaa')) return undefined;
  const connections = placed.map(({ rule }) => rule);
  const settings: AirflowSettings = {
    ...(url === undefined ? {} : { url }),
    auth: auth.auth,
    version,
    headers: headers.map(({ header }) => header),
    ...(caFile === undefined ? {} : { caFile: caFile.path }),
  };
  const identity = {
    name,
    url,
    auth: auth.identity,
    version,
    headers: headers.map(({ header, setting }) => [header.name.toLowerCase(), setting]),
    // As it is written: the same file may lie elsewhere on another worker.
    caFile: caFile?.setting,
    connections,
  };
  return { store: { name, kind: 'airflow', connections, settings }, identity };
}
