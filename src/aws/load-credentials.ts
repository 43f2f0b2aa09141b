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

type RolePrincipal = Extract<Principal, { kind: 'role' }>;

/** A role that is assumed only to assume another one. It gets no external id and no session duration. */
interface RoleStep extends Pick<RolePrincipal, 'name' | 'roleArn' | 'via' | 'sessionName'> {
  readonly kind: 'step';
}

/** What is assumed with the credentials of another source. */
export type AssumedSource = RolePrincipal | RoleStep;

/** A principal of the configuration, or a role on the way to one. */
export type CredentialSource = Principal | RoleStep;

/** With whose credentials a role is assumed; undefined for what is no role, or needs none. */
export function findMaster(source: CredentialSource): CredentialSource | undefined {
  if (source.kind !== 'role' && source.kind !== 'step') return undefined;
  const { via, sessionName } = source;
  const roleArn = via.at(-1);
  if (roleArn === undefined) return DEFAULT_PRINCIPAL;
  return {
    kind: 'step',
    name: JSON.stringify([via, sessionName]),
    roleArn,
    via: via.slice(0, -1),
    sessionName,
  };
}

/**
 * Loads credentials anew, from files, environment and AWS.
 * @param region where AWS STS is asked
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
    case 'web-identity': {
      const { roleArn, tokenFile, sessionName } = source;
      return fromTokenFile({
        ...init,
        roleArn,
        webIdentityTokenFile: tokenFile,
        roleSessionName: sessionName,
      });
    }
    case 'role':
    case 'step': {
      const { externalId, sessionSeconds } = source.kind === 'role' ? source : {};
      const params = {
        RoleArn: source.roleArn,
        RoleSessionName: source.sessionName,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
        ...(sessionSeconds === undefined ? {} : { DurationSeconds: sessionSeconds }),
      };
      return fromTemporaryCredentials({
        ...(master ? { masterCredentials: master } : {}),
        params,
        clientConfig: settings,
      });
    }
  }
}
