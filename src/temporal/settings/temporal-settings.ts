import type { HttpProxy } from '../../net/proxy.js';
import type { SettingProblem } from './settings-error.js';

export interface TemporalTls {
  /** Overrides the host name in SNI and the check of the certificate. */
  readonly serverName: string | undefined;
  /** PEM; undefined: the default CAs of this product. */
  readonly ca: string | undefined;
  /** PEM. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** How to connect to Temporal, the same for worker and commands. */
export interface TemporalSettings {
  /** `host:port`, an IPv6 address in brackets. */
  readonly address: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The setting that contains the address; undefined: the default. */
  readonly addressSetting?: string | undefined;
  readonly namespace: string;
  /** undefined: unencrypted. */
  readonly tls: TemporalTls | undefined;
  readonly apiKey: string | undefined;
  /** gRPC headers, with names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The HTTP CONNECT proxy to this address; undefined: direct. */
  readonly proxy: HttpProxy | undefined;
  /** Settings without effect, and the like. */
  readonly warnings: readonly SettingProblem[];
}
