// Loads the credentials of each kind of principal with the matching provider of the AWS SDK.
import type * as Providers from '@aws-sdk/credential-providers';
import { DEFAULT_PRINCIPAL, type Principal } from '../refresh/token-group.js';
import type { ClientSettings } from './client-settings.js';

/** As returned by the SDK, with secrets in plain text: it must not leave this folder and `src/ecr`. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

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

/**
 * Reads files and environment again, and calls AWS.
 * @param region the region of the AWS STS endpoint
 * @param master the credentials that assume a role
 * @throws errors of the SDK
 */
export async function loadCredentials(
  source: CredentialSource,
  region: string,
  master: AwsIdentity | undefined,
  settings: ClientSettings,
): Promise<AwsIdentity> {
  // Imported at the first use, as the clients are: the AWS SDK is a fifth of the worker's code and not needed at its
  // start.
  const providers = await import('@aws-sdk/credential-providers');
  const load = createProvider(providers, source, master, settings);
  return load({ callerClientConfig: { region: async () => region } });
}

function createProvider(
  { fromIni, fromNodeProviderChain, fromTemporaryCredentials, fromTokenFile }: typeof Providers,
  source: CredentialSource,
  master: AwsIdentity | undefined,
  settings: ClientSettings,
) {
  // Otherwise the SDK caches the AWS files.
  const init = { clientConfig: settings, logger: settings.logger, ignoreCache: true };
  switch (source.kind) {
    case 'default':
      return fromNodeProviderChain(init);
    case 'profile':
      return fromIni({ ...init, profile: source.profile });
    case 'web-identity':
      return fromTokenFile({
        ...init,
        roleArn: source.roleArn,
        webIdentityTokenFile: source.tokenFile,
        roleSessionName: source.sessionName,
      });
    case 'role': {
      const { roleArn, sessionName, externalId, sessionSeconds } = source;
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
  }
}
