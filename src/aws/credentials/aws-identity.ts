// AWS keys, and which of them cannot be sent.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { ChainSource } from './chain-source.js';

/** As returned by the SDK, with secrets in plain text: it must not leave this folder and `src/ecr`. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

const PARTS = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;

/** The name of each part in environment variables, and elsewhere. */
const NAMES: Readonly<Record<(typeof PARTS)[number], readonly [variable: string, words: string]>> = {
  accessKeyId: ['AWS_ACCESS_KEY_ID', 'the access key id'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', 'the secret access key'],
  sessionToken: ['AWS_SESSION_TOKEN', 'the session token'],
};

const FAULTS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/[\r\n]/, 'contains a line break'],
  [/\s/, 'contains a blank'],
  [/^["'`]|["'`]$/, 'is in quotation marks'],
  [/[^!-~]/, 'contains a character that is not ASCII'],
];

/**
 * Finds characters that no key has, such as the line break at the end of a secret: the SDK would send them.
 * @returns the failure AwsCredentialsMissing, or undefined if the keys may be sent
 */
export function findKeyFault(identity: AwsIdentity, source: ChainSource): RefreshFailure | undefined {
  for (const part of PARTS) {
    const value = identity[part];
    const words = FAULTS.find(([pattern]) => value !== undefined && pattern.test(value))?.[1];
    if (words === undefined) continue;
    const [variable, name] = NAMES[part];
    const isVariable = source.kind === 'environment';
    const of = source.kind === 'profile' ? `profile ${source.profile}: ` : '';
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `AWS credentials: ${of}${isVariable ? variable : name} ${words}`,
      isVariable ? AWS_REMEDIES.fixVariable : AWS_REMEDIES.fixKey,
    );
  }
  return undefined;
}
