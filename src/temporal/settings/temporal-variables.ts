// The settings of the connection to Temporal. docs/temporal.md is generated from this file.

interface SettingEntry {
  readonly variable: string;
  /** In a profile of temporal.toml; undefined where only a variable makes sense. */
  readonly key?: string;
  readonly meaning: string;
  readonly values: string;
}

const PEM = 'PEM';
const PEM_FILE = 'path of a PEM file, relative to the working directory';

/** In the order in which they are documented and checked. */
export const TEMPORAL_SETTINGS = {
  address: {
    variable: 'TEMPORAL_ADDRESS',
    key: 'address',
    meaning: 'the Temporal server; default `localhost:7233`',
    values:
      '`host:port`, or `host` for port 7233; an IPv6 address in brackets, such as `[::1]:7233`; no scheme, no path',
  },
  namespace: {
    variable: 'TEMPORAL_NAMESPACE',
    key: 'namespace',
    meaning: 'the namespace; default `default`',
    values: 'up to 255 printable ASCII characters, without blanks',
  },
  apiKey: {
    variable: 'TEMPORAL_API_KEY',
    key: 'api_key',
    meaning: 'the API key; turns TLS on',
    values: 'the key alone, without `Bearer`, blanks and line breaks',
  },
  tls: {
    variable: 'TEMPORAL_TLS',
    key: 'tls.disabled',
    meaning:
      'turns TLS on or off; by default it is on if an API key or another setting of TLS is set. The key in the file has the opposite meaning',
    values:
      'the variable: `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case; the key: `true`, `false`',
  },
  clientCertPath: {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    key: 'tls.client_cert_path',
    meaning: 'the client certificate, followed by its intermediate CAs; requires the key; turns TLS on',
    values: PEM_FILE,
  },
  clientCertData: {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_DATA',
    key: 'tls.client_cert_data',
    meaning: 'the same, as text',
    values: PEM,
  },
  clientKeyPath: {
    variable: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
    key: 'tls.client_key_path',
    meaning: 'the key of the client certificate, not encrypted',
    values: `${PEM_FILE}; RSA of 2048 to 4096 bits, EC P-256 or P-384, or Ed25519`,
  },
  clientKeyData: {
    variable: 'TEMPORAL_TLS_CLIENT_KEY_DATA',
    key: 'tls.client_key_data',
    meaning: 'the same, as text',
    values: PEM,
  },
  serverCaPath: {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    key: 'tls.server_ca_cert_path',
    meaning:
      "the CAs that may have issued the server's certificate; default: those of Node and of `NODE_EXTRA_CA_CERTS`; turns TLS on",
    values: PEM_FILE,
  },
  serverCaData: {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
    key: 'tls.server_ca_cert_data',
    meaning: 'the same, as text',
    values: PEM,
  },
  serverName: {
    variable: 'TEMPORAL_TLS_SERVER_NAME',
    key: 'tls.server_name',
    meaning: "the name in the server's certificate, if it is not the host of the address; turns TLS on",
    values: 'a host name',
  },
  metadata: {
    variable: 'TEMPORAL_GRPC_META_NAME',
    key: 'grpc_meta.NAME',
    meaning:
      'a gRPC header of each call, for a gateway in front of Temporal. `NAME` is converted to lower case, with `-` for `_`. An empty variable removes the header of the file',
    values: 'printable ASCII characters; names that end with `-bin` are not supported',
  },
  configFile: {
    variable: 'TEMPORAL_CONFIG_FILE',
    meaning: 'the path of temporal.toml',
    values: 'path of an existing TOML file',
  },
  profile: {
    variable: 'TEMPORAL_PROFILE',
    meaning: 'the profile in temporal.toml; default `default`',
    values: 'the name of an existing profile',
  },
} as const satisfies Readonly<Record<string, SettingEntry>>;

export type TemporalSettingName = keyof typeof TEMPORAL_SETTINGS;

/** Those with a key in temporal.toml whose value is text. */
export type TextSettingName = Exclude<TemporalSettingName, 'tls' | 'metadata' | 'configFile' | 'profile'>;

/** A value, and the name of its setting for messages. */
export interface SettingText {
  readonly setting: string;
  readonly value: string;
}

export const METADATA_PREFIX = 'TEMPORAL_GRPC_META_';

/** The value of a variable; undefined if it is not set, empty or blank. */
export function readVariable(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = env[variable];
  return value === undefined || isBlank(value) ? undefined : value;
}

export function isBlank(value: string): boolean {
  return value.trim() === '';
}
