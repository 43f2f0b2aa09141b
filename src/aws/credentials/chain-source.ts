// The sources of credentials in the default chain of the AWS SDK, and which of them are configured.
// Source: `@aws-sdk/credential-provider-node`, release 3.1169.
import { DEFAULT_PRINCIPAL, type Principal } from '../../refresh/token-group.js';
import type { AwsFiles } from './aws-files.js';
import { hasCredentialSettings } from './profile.js';

export type ChainSource =
  /** Keys in environment variables. */
  | { readonly kind: 'environment' }
  | { readonly kind: 'profile'; readonly profile: string }
  /** Without `principal`: from environment variables, of which one may be missing. */
  | { readonly kind: 'web-identity'; readonly principal?: Extract<Principal, { kind: 'web-identity' }> }
  /** The credentials endpoint of a container: ECS, or the EKS Pod Identity agent. */
  | { readonly kind: 'container' }
  /** The metadata service of an EC2 instance. */
  | { readonly kind: 'instance' };

export const KEY_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
export const WEB_IDENTITY_VARIABLES = ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'] as const;
/** The first one that is set wins. */
const CONTAINER_VARIABLES = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const;

/**
 * The configured sources of a principal that is not an assumed role, in the order of the SDK, which uses the first one
 * that returns credentials. An incomplete source counts as configured. Only the instance's cannot be recognized, so it
 * is always last, unless it is disabled.
 */
export function findSources(
  principal: Exclude<Principal, { kind: 'role' }>,
  files: AwsFiles,
  env: NodeJS.ProcessEnv = process.env,
): readonly ChainSource[] {
  if (principal.kind === 'profile') return [{ kind: 'profile', profile: principal.profile }];
  if (principal.kind === 'web-identity') return [{ kind: 'web-identity', principal }];
  const isAnySet = (names: readonly string[]): boolean => names.some((name) => Boolean(env[name]));
  const sources: ChainSource[] = [];
  const profile = env['AWS_PROFILE'];
  if (!profile && isAnySet(KEY_VARIABLES)) sources.push({ kind: 'environment' });
  if (profile || hasDefaultProfile(files)) sources.push({ kind: 'profile', profile: profile || 'default' });
  if (isAnySet(WEB_IDENTITY_VARIABLES)) sources.push({ kind: 'web-identity' });
  if (isAnySet(CONTAINER_VARIABLES)) sources.push({ kind: 'container' });
  else if (isInstanceEnabled(env)) sources.push({ kind: 'instance' });
  return sources;
}

/** A file that cannot be read may contain it. */
function hasDefaultProfile({ profiles, config, credentials }: AwsFiles): boolean {
  const isUnknown = [config, credentials].some(({ problem }) => problem !== undefined);
  return isUnknown || hasCredentialSettings(profiles[DEFAULT_PRINCIPAL.name] ?? {});
}

function isInstanceEnabled(env: NodeJS.ProcessEnv): boolean {
  const disabled = env['AWS_EC2_METADATA_DISABLED'];
  return !disabled || disabled === 'false';
}

export interface ContainerEndpoint {
  readonly variable: string;
  /** Undefined if the variable is not a valid URL. */
  readonly url: URL | undefined;
}

export function readContainerEndpoint(env: NodeJS.ProcessEnv = process.env): ContainerEndpoint {
  const [relative, full] = CONTAINER_VARIABLES;
  const path = env[relative];
  const text = path ? `http://169.254.170.2${path}` : env[full];
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  return { variable: path ? relative : full, url };
}
