// What is wrong with the environment variables that select a source of credentials.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import { WEB_IDENTITY_VARIABLES, type ChainSource } from './chain-source.js';

/** A line break or blank that was copied into a variable of the source. */
export function findVariableFault(source: ChainSource): RefreshFailure | undefined {
  const isOfProfile = source.kind === 'profile' && source.profile === process.env['AWS_PROFILE'];
  const isOfIdentity = source.kind === 'web-identity' && !source.principal;
  const names = [...(isOfProfile ? ['AWS_PROFILE'] : []), ...(isOfIdentity ? WEB_IDENTITY_VARIABLES : [])];
  const name = names.find((one) => /^\s|\s$/.test(process.env[one] ?? ''));
  if (name === undefined) return undefined;
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: ${name} begins or ends with a blank or line break`,
    AWS_REMEDIES.fixVariable,
  );
}

/** The failure of two variables of which only one is set. */
export function findHalfSet(place: string, names: readonly [string, string]): RefreshFailure | undefined {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length !== 1) return undefined;
  const [set] = names.filter((name) => !missing.includes(name));
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: ${set} is set, but not ${missing[0]}`,
    AWS_REMEDIES.setBoth,
  );
}
