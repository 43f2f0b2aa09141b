// Variables that have no effect here: settings of other tools, old names, typos.
import { suggestKey } from '../../refresh/did-you-mean.js';
import { parseBoolean } from './setting-values.js';
import type { SettingReport } from './setting-report.js';
import { isBlank, METADATA_PREFIX, TEMPORAL_SETTINGS } from './temporal-variables.js';

interface Unused {
  readonly message: string;
  readonly remedy: string;
}

const NO_EFFECT = 'has no effect here';

export const HOST_VERIFICATION_UNUSED: Unused = {
  message: `${NO_EFFECT}: the certificate of the server is always verified`,
  remedy:
    'Set TEMPORAL_TLS_SERVER_NAME to the name in the certificate, or TEMPORAL_TLS_SERVER_CA_CERT_PATH to its CA.',
};

export const CODEC_UNUSED: Unused = {
  message: `${NO_EFFECT}: payloads contain no secret and are not encoded`,
  remedy: 'Remove it.',
};

/** Variables of other tools and of older versions, and the one to set instead. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['TEMPORAL_HOST', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_HOSTPORT', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_HOST_PORT', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_HOST_URL', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_PORT', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_URL', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_ENDPOINT', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_SERVER', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_SERVER_ADDRESS', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_GRPC_ENDPOINT', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_CLI_ADDRESS', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_CLI_NAMESPACE', 'TEMPORAL_NAMESPACE'],
  ['TEMPORAL_CLOUD_API_KEY', 'TEMPORAL_API_KEY'],
  ['TEMPORAL_CLOUD_NAMESPACE', 'TEMPORAL_NAMESPACE'],
  ['TEMPORAL_TOKEN', 'TEMPORAL_API_KEY'],
  ['TEMPORAL_ENV', 'TEMPORAL_PROFILE'],
  ['TEMPORAL_TLS_ENABLED', 'TEMPORAL_TLS'],
  ['TEMPORAL_TLS_DISABLED', 'TEMPORAL_TLS'],
  ['TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ['TEMPORAL_TLS_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ['TEMPORAL_TLS_KEY', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['TEMPORAL_TLS_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['TEMPORAL_TLS_CA', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  ['TEMPORAL_TLS_CA_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  ['TEMPORAL_CLI_TLS_CERT', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ['TEMPORAL_CLI_TLS_KEY', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['TEMPORAL_CLI_TLS_CA', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  ['TEMPORAL_CLI_TLS_SERVER_NAME', 'TEMPORAL_TLS_SERVER_NAME'],
]);

/** Not settings of the connection, but used by the SDK, by this project's sandbox and tests, or set by Temporal. */
const OTHERS: ReadonlySet<string> = new Set([
  'TEMPORAL_DEBUG',
  'TEMPORAL_TRACE_NATIVE_CALLS',
  'TEMPORAL_CLI',
  'TEMPORAL_TEST_SERVER',
  // Temporal's Worker Controller sets them for every worker.
  'TEMPORAL_DEPLOYMENT_NAME',
  'TEMPORAL_WORKER_BUILD_ID',
]);

/** Kubernetes sets them for each Service whose name begins with `temporal`. */
const OF_A_SERVICE =
  /_SERVICE_HOST$|_SERVICE_PORT(?:_[A-Z0-9_]+)?$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

const KNOWN: readonly string[] = Object.values(TEMPORAL_SETTINGS)
  .filter((entry) => entry !== TEMPORAL_SETTINGS.metadata)
  .map(({ variable }) => variable);

/** Warns about each variable `TEMPORAL_*` that is not used, so that no setting is ignored silently. */
export function warnUnusedVariables(env: NodeJS.ProcessEnv, report: SettingReport): void {
  for (const [name, value = ''] of Object.entries(env)) {
    if (!name.startsWith('TEMPORAL_') || isBlank(value) || isUsed(name, value)) continue;
    const { message, remedy } = describeUnused(name);
    report.addWarning(name, message, remedy);
  }
}

function isUsed(name: string, value: string): boolean {
  if (KNOWN.includes(name) || name.startsWith(METADATA_PREFIX) || OTHERS.has(name)) return true;
  if (OF_A_SERVICE.test(name) || (name.endsWith('_PORT') && SERVICE_URL.test(value))) return true;
  // The certificate is verified, as it says.
  return name === 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION' && parseBoolean(value) === false;
}

function describeUnused(name: string): Unused {
  if (name.endsWith('TLS_DISABLE_HOST_VERIFICATION')) return HOST_VERIFICATION_UNUSED;
  if (name.startsWith('TEMPORAL_CODEC_')) return CODEC_UNUSED;
  const replacement = REPLACED.get(name);
  if (replacement !== undefined) return { message: NO_EFFECT, remedy: `Set ${replacement} instead.` };
  if (name === 'TEMPORAL_TASK_QUEUE') {
    return { message: NO_EFFECT, remedy: 'Set `temporal.taskQueue` in the configuration file.' };
  }
  const close = KNOWN.find((known) => known === `${name}_PATH`) ?? suggestKey(name, KNOWN);
  return {
    message: NO_EFFECT,
    remedy: close === undefined ? 'Remove it.' : `Use ${close} if that is what you mean.`,
  };
}
