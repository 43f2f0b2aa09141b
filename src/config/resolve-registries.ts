// Owns the way from parsed `registries` to what the worker goes by: account, region and host of each.
// Refuses two entries for one registry, and values that are neither right nor to be read from a known Airflow.
import type { AirflowVariable } from '../domain/connection-rules.js';
import { ecrHost, isAccount } from '../domain/registry-host.js';
import { checkRegistryHost } from './addresses.js';
import type { SettingPath } from './problems.js';
import type { RegistryConfig } from './refresh-config.js';
import type { Reference } from './references.js';
import {
  checkRegion,
  fieldOf,
  listOf,
  refuseSecond,
  reportFault,
  reportUnknownName,
  resolveValue,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { registrySchema } from './schema-registries.js';

type Setting = string | Reference | { readonly airflowVariable: string; readonly airflow: string };

/** The registries of the parsed file; those with faults, all reported, are left out. */
export function resolveRegistries(
  raw: unknown,
  airflows: readonly string[],
  resolution: Resolution,
): RegistryConfig[] {
  const names = new Map<string, string>();
  const hosts = new Map<string, string>();
  const registries: RegistryConfig[] = [];
  for (const [index, item] of listOf(raw).entries()) {
    const at = ['registries', index];
    const { name, registryHost, ...settings } = validFields(registrySchema, item);
    refuseSecond(name, [...at, 'name'], names, 'the name', resolution.report);
    const fault = registryHost === undefined ? undefined : checkRegistryHost(registryHost);
    if (fault) reportFault(fault, [...at, 'registryHost'], resolution);
    const region = resolveRegion(settings.region, [...at, 'region'], airflows, resolution);
    const account = resolveAccount(settings.account, [...at, 'account'], airflows, resolution);
    if (registryHost !== undefined) {
      refuseSecond(registryHost, [...at, 'registryHost'], hosts, 'the host', resolution.report);
    } else if (account !== undefined && region !== undefined && isHostUnset(item)) {
      const key = JSON.stringify([account, region]);
      refuseSecond(key, [...at, 'account'], hosts, 'account and region', resolution.report);
    }
    if (name === undefined || account === undefined || region === undefined) continue;
    registries.push({ name, account, region, ...hostOf(registryHost, account, region) });
  }
  return registries;
}

function isHostUnset(item: unknown): boolean {
  return fieldOf(item, 'registryHost') === undefined;
}

function hostOf(
  registryHost: string | undefined,
  account: string | AirflowVariable,
  region: string | AirflowVariable,
): { registryHost?: string } {
  if (registryHost !== undefined) return { registryHost };
  if (typeof account !== 'string' || typeof region !== 'string') return {};
  return { registryHost: ecrHost(account, region) };
}

function resolveRegion(
  setting: Setting | undefined,
  at: SettingPath,
  airflows: readonly string[],
  resolution: Resolution,
): string | AirflowVariable | undefined {
  const region = resolveSetting(setting, at, airflows, resolution);
  return typeof region === 'object' ? region : checkRegion(region, at, resolution);
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
  return reportFault(fault, at, resolution);
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
export function warnOfIdleRegistries(raw: unknown, used: ReadonlySet<string>, { warn }: Resolution): void {
  for (const [index, item] of listOf(raw).entries()) {
    const name = fieldOf(item, 'name');
    if (!isHostUnset(item) || typeof name !== 'string' || used.has(name)) continue;
    warn(
      ['registries', index],
      'has no effect: no connection names it',
      `Name it by \`registry: ${name}\` in an entry of \`connections\`, or remove it: a host of ECR tells its ` +
        'own account and region.',
    );
  }
}
