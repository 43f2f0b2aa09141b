// Loads the credentials of each kind of principal with the matching provider of the AWS SDK.
import type * as Providers from '@aws-sdk/credential-providers';
import { DEFAULT_PRINCIPAL, type Principal } from '../../refresh/token-group.js';
import { readAwsFiles, type AwsFiles } from './aws-files.js';
import { findKeyFault, type AwsIdentity } from './aws-identity.js';
import { findSources, type ChainSource } from './chain-source.js';
import type { ClientSettings } from '../client-settings.js';
import { CredentialProcesses } from './credential-processes.js';
import { RequestTrace, type TracedRequest } from './request-trace.js';

/** A configured principal, or an intermediate role of a chain, which gets no external id and no session duration. */
export type CredentialSource = Principal | (Extract<Principal, { kind: 'role' }> & { readonly isStep: true });

export type RoleSource = Extract<CredentialSource, { kind: 'role' }>;

/** The source whose credentials assume the role; undefined for sources other than roles. */
export function findMaster(source: CredentialSource): CredentialSource | undefined {
  if (source.kind !== 'role') return undefined;
  const { via, sessionName } = source;
  const roleArn = via.at(-1);
  if (roleArn === undefined) return DEFAULT_PRINCIPAL;
  const name = JSON.stringify([via, sessionName]);
  return { kind: 'role', isStep: true, name, roleArn, via: via.slice(0, -1), sessionName };
}

/** A provider of the SDK that failed, and what was seen of it: the SDK keeps only the text of many errors. */
export interface FailedProvider {
  readonly error: unknown;
  readonly request: TracedRequest | undefined;
  /** How a `credential_process` failed; continues its name. */
  readonly process: string | undefined;
}

export interface FailedSource extends FailedProvider {
  readonly source: ChainSource;
}

/** No source of the default chain, or of a principal, returned credentials. */
export class SourcesFailed extends Error {
  override readonly name = 'SourcesFailed';
  /** Those that were tried, in their order; empty if none is configured. */
  readonly failed: readonly FailedSource[];
  readonly files: AwsFiles;

  constructor(failed: readonly FailedSource[], files: AwsFiles) {
    super('no source returned credentials');
    this.failed = failed;
    this.files = files;
  }
}

/** The provider of a role failed. */
export class RoleFailed extends Error {
  override readonly name = 'RoleFailed';
  readonly provider: FailedProvider;

  constructor(provider: FailedProvider) {
    super('the role was not assumed');
    this.provider = provider;
  }
}

/** One load of credentials, which reads files and environment again, and calls AWS. */
export class CredentialLoad {
  readonly #settings: ClientSettings;
  readonly #processes = new CredentialProcesses();
  /** The source that is being tried, or has returned the credentials. */
  current: ChainSource | undefined;
  /** Those that `current` was found with. */
  files: AwsFiles | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /** A `credential_process` is running. */
  get isProcess(): boolean {
    return this.#processes.areRunning;
  }

  /**
   * @param region the region of the AWS STS endpoint
   * @param master the credentials that assume a role
   * @param ended stops processes
   * @throws SourcesFailed or RoleFailed
   */
  async run(
    source: CredentialSource,
    region: string,
    master: AwsIdentity | undefined,
    ended: AbortSignal,
  ): Promise<AwsIdentity> {
    return this.#processes.run(ended, async () => {
      // Imported at the first use, as the clients are: the AWS SDK is a fifth of the worker's code and not needed at
      // its start.
      const providers = await import('@aws-sdk/credential-providers');
      if (source.kind !== 'role') return this.#tryAll(source, providers, region);
      const result = await this.#try(region, () => createRole(providers, source, master, this.#settings));
      if ('error' in result) throw new RoleFailed(result);
      return result.identity;
    });
  }

  async #tryAll(
    principal: Exclude<CredentialSource, RoleSource>,
    providers: typeof Providers,
    region: string,
  ): Promise<AwsIdentity> {
    const files = await readAwsFiles();
    this.files = files;
    const failed: FailedSource[] = [];
    for (const source of findSources(principal, files)) {
      this.current = source;
      const result = await this.#try(region, () => createSource(providers, source, this.#settings));
      if (!('error' in result)) {
        const fault = findKeyFault(result.identity, source);
        if (fault) throw fault;
        return result.identity;
      }
      failed.push({ ...result, source });
      // As in the SDK's chain.
      if ((result.error as { tryNextLink?: unknown } | null)?.tryNextLink !== true) break;
    }
    throw new SourcesFailed(failed, files);
  }

  async #try(
    region: string,
    create: () => Provider,
  ): Promise<{ readonly identity: AwsIdentity } | FailedProvider> {
    const trace = new RequestTrace();
    this.#processes.lastFailure = undefined;
    try {
      // Some providers take the settings of their clients only from here.
      const callerClientConfig = { ...this.#settings, region: async () => region };
      return { identity: await trace.run(async () => create()({ callerClientConfig })) };
    } catch (error) {
      return { error, request: trace.last, process: this.#processes.lastFailure };
    }
  }
}

type Provider = (options: {
  readonly callerClientConfig: { region: () => Promise<string> };
}) => Promise<AwsIdentity>;

function createSource(
  { fromEnv, fromHttp, fromIni, fromInstanceMetadata, fromTokenFile }: typeof Providers,
  source: ChainSource,
  settings: ClientSettings,
): Provider {
  // Otherwise the SDK caches the AWS files.
  const init = { clientConfig: settings, logger: settings.logger, ignoreCache: true };
  switch (source.kind) {
    case 'environment':
      return fromEnv(init);
    case 'profile':
      return fromIni({ ...init, profile: source.profile });
    case 'web-identity': {
      const { roleArn, tokenFile, sessionName } = source.principal ?? {};
      return fromTokenFile({
        ...init,
        ...(roleArn === undefined ? {} : { roleArn }),
        ...(tokenFile === undefined ? {} : { webIdentityTokenFile: tokenFile }),
        ...(sessionName === undefined ? {} : { roleSessionName: sessionName }),
      });
    }
    case 'container':
      return fromHttp(init);
    case 'instance':
      return fromInstanceMetadata(init);
  }
}

function createRole(
  { fromTemporaryCredentials }: typeof Providers,
  { roleArn, sessionName, externalId, sessionSeconds }: RoleSource,
  master: AwsIdentity | undefined,
  settings: ClientSettings,
): Provider {
  return fromTemporaryCredentials({
    ...(master ? { masterCredentials: master } : {}),
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
      ...(sessionSeconds === undefined ? {} : { DurationSeconds: sessionSeconds }),
    },
    clientConfig: settings,
  });
}
