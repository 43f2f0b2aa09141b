// The only reader of the settings of Temporal: the variables TEMPORAL_* and temporal.toml, as Temporal's own tools read
// them, but checked before use. See docs/decisions/0041-temporal-settings.md.
import net from 'node:net';
import { readEnvironment } from '../../log/secret-variables.js';
import { isSecretHeader } from '../../net/header-rules.js';
import { isLoopbackHost } from '../../net/is-loopback.js';
import { findProxy, ProxyInvalid, type HttpProxy } from '../../net/proxy.js';
import { parseAddress, type Address } from './parse-address.js';
import { readMetadata } from './read-metadata.js';
import { readTls, type TlsOff } from './read-tls.js';
import { SettingReport } from './setting-report.js';
import { findText, type SettingSources } from './setting-sources.js';
import { findApiKeyFault, findNamespaceFault } from './setting-values.js';
import { TemporalSettingsInvalid } from './settings-error.js';
import type { TemporalSettings, TemporalTls } from './temporal-settings.js';
import type { SettingText } from './temporal-variables.js';
import { readProfile } from './toml-file.js';
import { warnUnusedVariables } from './unused-variables.js';

export type { TemporalSettings, TemporalTls } from './temporal-settings.js';

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/**
 * Reads variables and files again at each call, so that a worker notices files that were replaced.
 * @throws TemporalSettingsInvalid with all problems
 */
export function readTemporalSettings(
  env: NodeJS.ProcessEnv = readEnvironment(),
  now: Date = new Date(),
): TemporalSettings {
  const report = new SettingReport();
  const sources: SettingSources = { env, profile: readProfile(env, report) };
  const address = readAddress(sources, report);
  const namespace = readNamespace(sources, report);
  const apiKey = readApiKey(sources, report);
  const metadata = readMetadata(sources, report);
  if (apiKey && metadata.has('authorization')) {
    const { setting = '' } = metadata.get('authorization') ?? {};
    report.addProblem(setting, `cannot be combined with ${apiKey.setting}`, 'Remove one of the two.');
  }
  const tls = readTls(sources, apiKey !== undefined, now, report);
  if (address && 'offBy' in tls) reportPlainText(address, tls, { apiKey, metadata }, report);
  if (address && 'serverName' in tls) reportUnnamedIpv6(address, tls, report);
  const proxy = address && readProxy(address, env, report);
  warnUnusedVariables(env, report);
  if (address === undefined || report.problems.length > 0) throw new TemporalSettingsInvalid(report.problems);
  return {
    ...address,
    namespace,
    tls: 'offBy' in tls ? undefined : tls,
    apiKey: apiKey?.value,
    metadata: Object.fromEntries([...metadata].map(([name, { value }]) => [name, value])),
    proxy,
    warnings: report.warnings,
  };
}

/**
 * Settings without TLS and credentials, for a server of the sandbox or of a test.
 * @throws TemporalSettingsInvalid when the address is invalid
 */
export function plainSettings(address: string, namespace: string): TemporalSettings {
  const parsed = parseAddress(address);
  if ('message' in parsed) throw new TemporalSettingsInvalid([{ setting: 'address', ...parsed }]);
  return {
    ...parsed,
    namespace,
    tls: undefined,
    apiKey: undefined,
    metadata: {},
    proxy: undefined,
    warnings: [],
  };
}

function readAddress(
  sources: SettingSources,
  report: SettingReport,
): (Address & Pick<TemporalSettings, 'addressSetting'>) | undefined {
  const { setting, value = DEFAULT_ADDRESS } = findText(sources, 'address') ?? {};
  const parsed = parseAddress(value);
  if ('message' in parsed) return report.addProblem(setting ?? '', parsed.message, parsed.remedy);
  return { ...parsed, addressSetting: setting };
}

function readNamespace(sources: SettingSources, report: SettingReport): string {
  const namespace = findText(sources, 'namespace');
  if (!namespace) return DEFAULT_NAMESPACE;
  const fault = findNamespaceFault(namespace.value);
  if (fault) report.addProblem(namespace.setting, fault.message, fault.remedy);
  return namespace.value;
}

function readApiKey(sources: SettingSources, report: SettingReport): SettingText | undefined {
  const apiKey = findText(sources, 'apiKey');
  const fault = apiKey && findApiKeyFault(apiKey.value);
  if (fault) report.addProblem(apiKey.setting, fault.message, fault.remedy);
  return apiKey;
}

/** A credential that travels unencrypted beyond this machine is lost. */
function reportPlainText(
  { host }: Address,
  { offBy }: TlsOff,
  sent: { readonly apiKey: SettingText | undefined; readonly metadata: ReadonlyMap<string, SettingText> },
  report: SettingReport,
): void {
  if (isLoopbackHost(host)) return;
  const remedy =
    offBy === undefined ? 'Set TEMPORAL_TLS=true.' : `Remove ${offBy}, or set it so that TLS is on.`;
  const secrets = [...sent.metadata].filter(([name]) => isSecretHeader(name)).map(([, text]) => text);
  for (const { setting } of [...(sent.apiKey ? [sent.apiKey] : []), ...secrets]) {
    report.addProblem(setting, 'would be sent unencrypted, because TLS is off', remedy);
  }
}

/** The native library takes the brackets of the address for a part of the name to verify. */
function reportUnnamedIpv6(
  { host, addressSetting = '' }: Address & Pick<TemporalSettings, 'addressSetting'>,
  { serverName }: TemporalTls,
  report: SettingReport,
): void {
  if (!net.isIPv6(host) || serverName !== undefined) return;
  const remedy =
    'Set TEMPORAL_TLS_SERVER_NAME to the name in the certificate of the server, or use a host name.';
  report.addProblem(
    addressSetting,
    'is an IPv6 address, which the Temporal SDK cannot verify over TLS',
    remedy,
  );
}

/** The native library speaks neither TLS to a proxy nor these characters in its credentials; grpc-js no TLS. */
function readProxy(address: Address, env: NodeJS.ProcessEnv, report: SettingReport): HttpProxy | undefined {
  let proxy: HttpProxy | undefined;
  try {
    proxy = findProxy(address, env);
  } catch (error) {
    if (!(error instanceof ProxyInvalid)) throw error;
    return report.addProblem(error.variable, error.message, error.remedy);
  }
  if (!proxy) return undefined;
  const { variable, scheme, credentials } = proxy;
  const bypass = `add ${address.host} to NO_PROXY`;
  if (scheme === 'https') {
    const message = 'is a proxy with https://, which the Temporal SDK does not support';
    report.addProblem(variable, message, `Set it to a proxy with http://, or ${bypass}.`);
  }
  if (net.isIPv6(address.host)) {
    // grpc-js sends CONNECT with an address without brackets.
    const message = 'is a proxy, through which the Temporal SDK does not reach an IPv6 address';
    report.addProblem(variable, message, `Set TEMPORAL_ADDRESS to a host name, or ${bypass}.`);
  }
  if (credentials && /[:@]/.test(credentials.username + credentials.password)) {
    const message = 'has a user name or password with : or @, which the Temporal SDK does not support';
    report.addProblem(variable, message, `Use other credentials, or ${bypass}.`);
  }
  return proxy;
}
