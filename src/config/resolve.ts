// Owns the way from the parsed file to a RefreshConfig: references, addresses, and what must agree across settings.
// Refuses to stop at the first fault: each setting that has its form is checked, whatever is wrong with others.
import type { z } from 'zod';

import type { NamedRegistry } from '../domain/connection.js';
import {
  checkEngine,
  checkRegistryHost,
  isExampleUrl,
  isUnixSocket,
  readAirflowUrl,
  type AddressFault,
} from './addresses.js';
import { formatPath, type ReportProblem, type SettingPath } from './problems.js';
import type { AirflowConfig, EngineConfig, RegistryConfig } from './refresh-config.js';
import { readReference, readSecret, type Reference, type ReferenceSource } from './references.js';
import {
  airflowSchema,
  authSchema,
  connectionIdSchema,
  DEFAULTS,
  dockerSchema,
  registrySchema,
} from './schema.js';

/** What settings are resolved with, and where faults go. */
export interface Resolution {
  readonly source: ReferenceSource;
  readonly report: ReportProblem;
  readonly warn: ReportProblem;
}

/** An airflow with the reference to its password, which stands for the password in the configuration's hash. */
export interface ResolvedAirflow {
  readonly airflow: AirflowConfig;
  readonly password: Reference;
}

/** The airflows of the parsed file; those with faults, all reported, are left out. */
export function resolveAirflows(raw: unknown, resolution: Resolution): ResolvedAirflow[] {
  const seen: Seen = { names: new Map(), connections: new Map() };
  return listOf(raw)
    .map((item, index) => resolveAirflow(item, ['airflows', index], seen, resolution))
    .filter((airflow) => airflow !== undefined);
}

/** Where names and connections stood first, to name the place when they come again. */
interface Seen {
  readonly names: Map<string, string>;
  readonly connections: Map<string, string>;
}

function resolveAirflow(
  raw: unknown,
  at: SettingPath,
  seen: Seen,
  resolution: Resolution,
): ResolvedAirflow | undefined {
  const { name, url: urlSetting, allowInsecureHttp } = validFields(airflowSchema, raw);
  const auth = validFields(authSchema, fieldOf(raw, 'auth'));
  refuseSecond(name, [...at, 'name'], seen.names, 'the name', resolution.report);
  const url = resolveUrl(urlSetting, allowInsecureHttp ?? false, [...at, 'url'], resolution);
  const username = resolveValue(auth.username, [...at, 'auth', 'username'], resolution);
  const connections = readConnections(
    fieldOf(raw, 'connections'),
    [...at, 'connections'],
    url,
    seen,
    resolution,
  );
  const password = auth.password;
  if (!password) return undefined;
  const readable = checkSecret(password, [...at, 'auth', 'password'], resolution);
  if (name === undefined || url === undefined || username === undefined || !readable) return undefined;
  const readPassword = () => readSecret(password, resolution.source, `the password of airflow "${name}"`);
  return { airflow: { name, url, username, readPassword, connections }, password };
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
  if (!('url' in reading)) return reportFault(reading, at, resolution);
  if (isExampleUrl(reading.url)) {
    resolution.warn(at, 'is an address of the documentation, which nobody has', 'Name your Airflow.');
  }
  return reading.url;
}

/** Whether a secret can be read now; it is read again when it is needed. */
function checkSecret(reference: Reference, at: SettingPath, { source, report, warn }: Resolution): boolean {
  const reading = readReference(reference, source);
  if ('problem' in reading) {
    report(at, reading.problem, reading.remedy);
    return false;
  }
  if (reading.readableByAll !== undefined) {
    warn(
      at,
      `file ${reading.readableByAll} may be read by every user of this machine`,
      'Run `chmod o-r` on it; in Kubernetes set `defaultMode: 0400` on the volume.',
    );
  }
  // Kept, since it may be meant; but it is more often what `echo` has left behind.
  if (/^\s|\s$|\p{Cc}/u.test(reading.value)) {
    warn(
      at,
      'the value begins or ends with a blank, or holds a line break',
      'Remove that if it is no part of it: it is used as it stands.',
    );
  }
  return true;
}

function readConnections(
  raw: unknown,
  at: SettingPath,
  url: string | undefined,
  seen: Seen,
  resolution: Resolution,
): string[] {
  const connections: string[] = [];
  for (const [index, item] of listOf(raw).entries()) {
    const id = connectionIdSchema.safeParse(item).data;
    if (id === undefined) continue;
    // Two airflows with one URL are one Airflow: both would write the same connection. Without a valid URL, only
    // the list itself can be compared.
    const scope = url ?? String(at[1]);
    refuseSecond(id, [...at, index], seen.connections, 'the connection', resolution.report, `${scope} ${id}`);
    connections.push(id);
  }
  return connections;
}

/** The registries of the parsed file; those with faults, all reported, are left out. */
export function resolveRegistries(raw: unknown, resolution: Resolution): RegistryConfig[] {
  const names = new Map<string, string>();
  const hosts = new Map<string, string>();
  const registries: RegistryConfig[] = [];
  for (const [index, item] of listOf(raw).entries()) {
    const at = ['registries', index];
    const { name, registryHost: host, region, account } = validFields(registrySchema, item);
    refuseSecond(name, [...at, 'name'], names, 'the name', resolution.report);
    refuseSecond(host, [...at, 'registryHost'], hosts, 'the host', resolution.report);
    const fault = host === undefined ? undefined : checkRegistryHost(host);
    if (fault) reportFault(fault, [...at, 'registryHost'], resolution);
    const found = {
      region: resolveRegion(region, at, resolution),
      account: resolveAccount(account, at, resolution),
    };
    if (name === undefined || host === undefined || found.region === undefined || found.account === undefined)
      continue;
    const registry: NamedRegistry = { name, host, region: found.region };
    registries.push({ ...registry, account: found.account });
  }
  return registries;
}

function resolveRegion(
  setting: string | Reference | undefined,
  at: SettingPath,
  resolution: Resolution,
): string | undefined {
  const region = resolveValue(setting, [...at, 'region'], resolution);
  if (region === undefined || /^[a-z]{2,6}(-[a-z]+)+-\d{1,2}$/.test(region)) return region;
  const fault = { message: 'is no AWS region', remedy: 'Write for example `region: us-east-1`.' };
  return reportFault(fault, [...at, 'region'], resolution);
}

function resolveAccount(
  setting: string | Reference | undefined,
  at: SettingPath,
  resolution: Resolution,
): string | undefined {
  const account = resolveValue(setting, [...at, 'account'], resolution);
  if (account === undefined || /^\d{12}$/.test(account)) return account;
  const fault = {
    message: 'is no AWS account: twelve digits',
    remedy: 'Write for example `account: "123456789012"`.',
  };
  return reportFault(fault, [...at, 'account'], resolution);
}

/** The engines of the parsed file, else the default one: DOCKER_HOST when it is a socket, else the usual socket. */
export function resolveEngines(raw: unknown, resolution: Resolution): EngineConfig[] {
  const { engines } = validFields(dockerSchema, raw ?? {});
  if (!engines) {
    const dockerHost = resolution.source.env['DOCKER_HOST'] ?? '';
    return [{ url: isUnixSocket(dockerHost) ? dockerHost : DEFAULTS.engine, required: false }];
  }
  const seen = new Map<string, string>();
  for (const [index, engine] of engines.entries()) {
    const at = ['docker', 'engines', index];
    refuseSecond(engine, at, seen, 'the engine', resolution.report);
    const fault = checkEngine(engine);
    if (fault) reportFault(fault, at, resolution);
  }
  return engines.map((url) => ({ url, required: true }));
}

/** Text as it stands, or what a reference stands for; undefined, and reported, when that cannot be read. */
function resolveValue(
  setting: string | Reference | undefined,
  at: SettingPath,
  { source, report }: Resolution,
): string | undefined {
  if (setting === undefined || typeof setting === 'string') return setting;
  const reading = readReference(setting, source);
  if ('value' in reading) return reading.value;
  report(at, reading.problem, reading.remedy);
  return undefined;
}

function refuseSecond(
  value: string | undefined,
  at: SettingPath,
  seen: Map<string, string>,
  what: string,
  report: ReportProblem,
  key = value,
): void {
  if (value === undefined || key === undefined) return;
  const first = seen.get(key);
  if (first === undefined) seen.set(key, formatPath(at));
  else report(at, `repeats ${what} of ${first}`, 'Remove or rename one of the two.');
}

function reportFault(fault: AddressFault, at: SettingPath, { report }: Resolution): undefined {
  report(at, fault.message, fault.remedy);
}

/** Those settings of a mapping that have their form. The schema has reported the others already. */
function validFields<S extends z.ZodObject>(schema: S, raw: unknown): Partial<z.output<S>> {
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const parsed = (field as z.ZodType).safeParse(fieldOf(raw, key));
    if (parsed.success && parsed.data !== undefined) fields[key] = parsed.data;
  }
  return fields as Partial<z.output<S>>;
}

function fieldOf(raw: unknown, key: string): unknown {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, key)) return undefined;
  return (raw as Record<string, unknown>)[key];
}

function listOf(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}
