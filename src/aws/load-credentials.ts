// Where the credentials of each kind of principal come from: one provider of the AWS SDK for each.
import type * as Providers from '@aws-sdk/credential-providers';
import { DEFAULT_PRINCIPAL, type Principal } from '../refresh/token-group.js';
import type { ClientSettings } from './client-settings.js';

/** As the SDK returns it. Secrets in plain text: it never leaves the adapters. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** A principal of the configuration, or a role on the way to one: it gets no external id and no session duration. */
export type CredentialSource = Principal | (Extract<Principal, { kind: 'role' }> & { readonly isStep: true });

/** What is assumed with the credentials of another source. */
export type RoleSource = Extract<CredentialSource, { kind: 'role' }>;

/** With whose credentials a role is assumed; undefined for sources that need no other. */
export function findMaster(source: CredentialSource): CredentialSource | undefined {
  if (source.kind !== 'role') return undefined;
  const { via, sessionName } = source;
  const roleArn = via.at(-1);
  if (roleArn === undefined) return DEFAULT_PRINCIPAL;
  const name = JSON.stringify([via, sessionName]);
  return { kind: 'role', isStep: true, name, roleArn, via: via.slice(0, -1), sessionName };
}

/**
 * Loads credentials again, from files, environment and AWS.
 * @param region whose AWS STS is called
 * @param master those that a role is assumed with
 * @throws errors of the SDK
 */
export async function loadCredentials(
  source: CredentialSource,
  region: string,
  master: AwsIdentity | undefined,
  settings: ClientSettings,
): Promise<AwsIdentity> {
  // Loaded at the first use, as the clients are: the AWS SDK is a fifth of what a worker loads, and its start needs none of it.
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
  // The SDK would keep what it once read of the AWS files.
  const init = { clientConfig: settings, ignoreCache: true };
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
