// The settings of the connection to Temporal. docs/temporal.md is generated from this file.

interface SettingEntry {
  readonly variable: string;
  /** In a profile of temporal.toml; undefined where only a variable makes sense. */
  readonly key?: string;
  /** Continues the name in the documentation: `TEMPORAL_NAMESPACE: the namespace`. */
  readonly description: string;
}

/** In the order in which they are documented and checked. */
export const TEMPORAL_SETTINGS = {
  address: {
    variable: 'TEMPORAL_ADDRESS',
    key: 'address',
    description:
      'the Temporal server as `host:port`, or `host` for port 7233, without scheme and path; an IPv6 address in brackets, such as `[::1]:7233`. Default: `localhost:7233`.',
  },
  namespace: {
    variable: 'TEMPORAL_NAMESPACE',
    key: 'namespace',
    description: 'the namespace, up to 255 printable ASCII characters without spaces. Default: `default`.',
  },
  apiKey: {
    variable: 'TEMPORAL_API_KEY',
    key: 'api_key',
    description: 'the API key alone, without `Bearer`, spaces and line breaks. Turns TLS on.',
  },
  tls: {
    variable: 'TEMPORAL_TLS',
    key: 'tls.disabled',
    description:
      'turns TLS on (`true`, `1`, `yes`, `on`, in any case) or off (`false`, `0`, `no`, `off`). The key in the file has the opposite meaning, and is `true` or `false`. Default: on if an API key or another setting of TLS is set.',
  },
  clientCertPath: {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    key: 'tls.client_cert_path',
    description:
      'path of a PEM file with the client certificate, followed by its intermediate CAs. Requires the client key. Turns TLS on.',
  },
  clientCertData: {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_DATA',
    key: 'tls.client_cert_data',
    description: 'the text of the same file, instead of its path.',
  },
  clientKeyPath: {
    variable: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
    key: 'tls.client_key_path',
    description:
      'path of a PEM file with the key of the client certificate, not encrypted: RSA of 2048 to 4096 bits, EC P-256 or P-384, or Ed25519.',
  },
  clientKeyData: {
    variable: 'TEMPORAL_TLS_CLIENT_KEY_DATA',
    key: 'tls.client_key_data',
    description: 'the text of the same file, instead of its path.',
  },
  serverCaPath: {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    key: 'tls.server_ca_cert_path',
    description:
      "path of a PEM file with the CAs to trust for the server's certificate. Default: those of Node, `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE` and, with Node 22.15 or later, the operating system. Turns TLS on.",
  },
  serverCaData: {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
    key: 'tls.server_ca_cert_data',
    description: 'the text of the same file, instead of its path.',
  },
  serverName: {
    variable: 'TEMPORAL_TLS_SERVER_NAME',
    key: 'tls.server_name',
    description:
      "the host name in the server's certificate, if it is not the host of the address. Turns TLS on.",
  },
  metadata: {
    variable: 'TEMPORAL_GRPC_META_NAME',
    key: 'grpc_meta.NAME',
    description:
      'a gRPC header of each call, for a gateway in front of Temporal. `NAME` is converted to lower case, with `-` for `_`, and must not end with `-bin`. The value has printable ASCII characters only. An empty variable removes the header of the file.',
  },
  configFile: {
    variable: 'TEMPORAL_CONFIG_FILE',
    description: 'path of an existing `temporal.toml`.',
  },
  profile: {
    variable: 'TEMPORAL_PROFILE',
    description: 'the name of an existing profile in `temporal.toml`. Default: `default`.',
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

/** Also those of other tools and older versions, which have no effect here. */
const SECRET = /^TEMPORAL_(?:GRPC_META_|.*(?:KEY$|KEY_DATA$|TOKEN|SECRET|PASSWORD|AUTH))/;

/** Whether the value of a variable may be a secret. */
export function isSecretVariable(name: string): boolean {
  return SECRET.test(name);
}

/** The value of a variable; undefined if it is not set, empty or blank. */
export function readVariable(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = env[variable];
  return value === undefined || isBlank(value) ? undefined : value;
}

export function isBlank(value: string): boolean {
  return value.trim() === '';
}
