// `airflows`: the Airflow instances whose connections are refreshed.
import { z } from 'zod';
import type { ExtraHeader } from '../../net/http.js';
import type { Fault } from '../config-error.js';
import { createAuthSchema, PASSWORD_EXAMPLE, type AirflowAuth } from './auth.js';
import { checkTogether, convert, type Settings } from './checks.js';
import { connectionsSchema } from './connections.js';
import type { ConfigFolder } from '../config-folder.js';
import { certificateFile } from './files.js';
import { ifThen } from './for-editors.js';
import { headersSchema } from './headers.js';
import { identifyEnvironment } from './mwaa.js';
import type { StoreConfig } from './stores.js';
import { isUnencryptedUrl, readAirflowUrl } from './urls.js';
import { nameSchema, text } from './values.js';
import { CONFIG_LIMITS } from '../../refresh/config-limits.js';

/** The settings of a store of kind `airflow`. */
export interface AirflowSettings {
  /** Without `/api/v2` and a trailing slash. Absent only for MWAA. */
  readonly url?: string;
  readonly auth: AirflowAuth;
  /** Major version of Airflow; `auto` detects it. */
  readonly version: 'auto' | 2 | 3;
  readonly headers: readonly ExtraHeader[];
  /** Absolute path of a PEM file with CAs to trust in addition to Node's default CAs. */
  readonly caFile?: string;
}

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    name: nameSchema.meta({
      description:
        'Name of this Airflow instance in reports: at most 63 lower-case letters, digits and hyphens. Must be unique.',
      examples: ['main'],
    }),
    url: text
      .transform(convert(readAirflowUrl))
      .exactOptional()
      .meta({
        description:
          'URL of Airflow, including a sub-path but without /api/v2. Must begin with https://, except for loopback ' +
          'or with allowInsecureHttp. Required, except for Amazon MWAA, which has no URL.',
        examples: ['https://airflow.example.com'],
      }),
    auth: createAuthSchema(folder),
    connections: connectionsSchema.meta({
      description:
        'The Airflow connections to refresh: ids, or mappings with more options. An id has at most 200 letters, ' +
        'digits, dots, hyphens and underscores. The first entry that matches a connection applies; an id must not ' +
        'occur twice. At most 100 entries can be patterns. These rules treat entries of `airflows` with the same URL ' +
        'as one Airflow instance.',
      examples: [
        ['docker_default'],
        ['docker_default', { id: 'docker_eu', registry: 'eu', ifMissing: 'create' }, { match: '*_ecr' }],
      ],
    }),
    version: z
      .literal(['auto', 2, 3], { error: 'must be auto, or the number 2 or 3' })
      .default('auto')
      .meta({
        description:
          'Major version of this Airflow instance; `auto` detects it. Set it if Airflow does not expose its version.',
        examples: [3],
      }),
    headers: headersSchema.prefault({}).meta({
      description:
        'Headers to send with every request to this Airflow instance, for a proxy or gateway in front of it; at ' +
        'most 20. Authorization (see `auth`), Host, Content-Type, Content-Length and other headers that are set ' +
        'automatically are not allowed. A header whose name suggests a secret, such as X-Api-Key or Cookie, must ' +
        'be a reference. References are read again for each request.',
      examples: [{ 'X-Team': 'data', 'X-Api-Key': { env: 'AIRFLOW_API_KEY' } }],
    }),
    caFile: certificateFile(folder, 'CA certificate')
      .exactOptional()
      .meta({
        description:
          "PEM file with CA certificates to trust for this Airflow instance, in addition to Node's default CAs; at " +
          'most 1 MiB. Relative to the folder of the configuration file. A replaced file is used without a restart.',
        examples: ['certificates/company-ca.pem'],
      }),
    allowInsecureHttp: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Allows http:// for hosts other than loopback. Passwords and tokens are then sent unencrypted.',
        examples: [true],
      }),
  });
}

type Airflow = z.output<ReturnType<typeof createSettingsSchema>>;

export function createAirflowsSchema(folder: ConfigFolder) {
  const airflow = checkTogether(createSettingsSchema(folder), checkAirflow, toStore).meta({
    ...ifThen(
      { required: ['auth'], properties: { auth: { required: ['mwaa'] } } },
      {
        properties: {
          url: false,
          caFile: false,
          headers: { maxProperties: 0, doNotSuggest: true },
          allowInsecureHttp: { const: false, doNotSuggest: true },
        },
        errorMessage: 'cannot be combined with `auth.mwaa`',
      },
      { required: ['url'] },
    ),
  });
  return z
    .array(airflow)
    .min(1)
    .max(CONFIG_LIMITS.stores)
    .meta({
      description: 'The Airflow instances whose connections are refreshed.',
      examples: [
        [
          {
            name: 'main',
            url: 'https://airflow.example.com',
            auth: PASSWORD_EXAMPLE,
            connections: ['docker_default'],
          },
        ],
      ],
    });
}

function checkAirflow(settings: Settings<Airflow>): void {
  const { valid, isGiven, isMistyped, report } = settings;
  const usesMwaa = valid.auth ? valid.auth.kind === 'mwaa' : isGiven('auth', 'mwaa');
  if (usesMwaa) {
    // With two methods it is unknown which one was meant.
    if (valid.auth) checkMwaa(settings);
    return;
  }
  if (valid.version === 2 && valid.auth?.kind === 'token-request') report(NO_TOKENS, 'version');
  if (!isGiven('url')) report({ code: 'missing', message: 'is missing' }, 'url');
  const isAllowed = valid.allowInsecureHttp !== false || isMistyped('allowInsecureHttp');
  if (valid.url === undefined || isAllowed || !isUnencryptedUrl(valid.url)) return;
  const remedy = 'Use https://, or set `allowInsecureHttp: true` if the network is trusted.';
  const message = 'is http://: credentials would be sent unencrypted';
  report({ code: 'unencrypted', message, remedy }, 'url');
}

const NO_TOKENS: Fault = {
  code: 'conflict',
  message: 'cannot be combined with `auth.tokenRequest`, because Airflow 2 issues no tokens',
  remedy: 'Remove `version`, or use `username` and `password` of `auth`.',
};

/** AWS finds the environment by its name and signs the requests: these settings would have no effect. */
function checkMwaa({ valid, isGiven, report }: Settings<Airflow>): void {
  const given = {
    url: isGiven('url'),
    headers: valid.headers === undefined || valid.headers.length > 0,
    caFile: isGiven('caFile'),
    allowInsecureHttp: valid.allowInsecureHttp !== false,
  };
  for (const [key, isSet] of Object.entries(given)) {
    const message = 'cannot be combined with `auth.mwaa`, which reaches Airflow through AWS';
    if (isSet) report({ code: 'conflict', message, remedy: `Remove \`${key}\` or \`auth.mwaa\`.` }, key);
  }
}

function toStore({ name, connections, allowInsecureHttp: _checked, ...settings }: Airflow): StoreConfig {
  const { url, auth } = settings;
  const deployment = auth.kind === 'mwaa' ? identifyEnvironment(auth) : url;
  return {
    name,
    kind: 'airflow',
    connections,
    settings: settings satisfies AirflowSettings,
    ...(deployment === undefined ? {} : { deployment }),
  };
}
