// The reason codes of registry checks, and the only place that turns one into words.

export interface RegistryReason {
  readonly code: RegistryCode;
  /** HTTP status of the response; absent where there was none, or a Docker Engine does not tell it. */
  readonly status?: number;
  /** Code of the distribution API in the response, such as `DENIED`. */
  readonly apiCode?: string;
  /** Of `pull-denied`: the action that is missing, such as `ecr:BatchGetImage`. */
  readonly action?: string;
}

type Words = (reason: RegistryReason) => string;

function rejected(words: string): Words {
  return ({ status, apiCode }) => {
    if (status === undefined) return words;
    return `${status}${apiCode === undefined ? '' : ` ${apiCode}`}: ${words}`;
  };
}

const WORDS = {
  'token-expired': rejected(
    'the registry says that the token has expired, as it does of every token that it cannot read or does not know',
  ),
  'session-ended': rejected('the AWS session behind the token has ended'),
  'public-token-rejected': rejected(
    'ECR Public does not accept the token, and says no more of one that has expired or is not its own',
  ),
  'wrong-region': rejected('a token of another region, or malformed'),
  'not-authenticated': rejected('the registry does not take this as a sign-in'),
  'principal-denied': rejected('the registry does not admit the principal of the token'),
  /** As far as a Docker Engine tells it. */
  'token-expired-or-principal-denied': rejected(
    'the registry takes the token for expired, or does not admit its principal',
  ),
  'other-host-realm': () => 'it asks for the sign-in to be sent to another host (realm)',
  'anonymous-access': () => 'it lets everybody in, without a password',
  'accepts-any-password': () => 'it accepts a wrong password, too',
  throttled: ({ status }) => `the registry asks for fewer requests (${status})`,
  'server-error': ({ status }) => `the registry or a proxy before it failed (${status})`,
  'not-a-registry': ({ status }) => `something other than a registry answered (${status})`,
  'invalid-host': () => 'this is no host name',
  /** Neither a response nor an error of net/. */
  'request-failed': () => 'the request failed',
  'not-a-manifest': () => 'something other than a manifest was answered',
  'repository-missing': () => 'the registry has no such repository',
  'image-missing': () => 'the registry has no such image',
  'pull-denied': ({ status, apiCode = '', action }) =>
    `${status} ${apiCode}: the principal signs in, and may not pull${action === undefined ? '' : `: it lacks ${action}`}`,
} as const satisfies Readonly<Record<string, Words>>;

export type RegistryCode = keyof typeof WORDS;

/** Where the remedy of the failure's type is too general. */
const REMEDIES: Partial<Readonly<Record<RegistryCode, string>>> = {
  'token-expired':
    'Look whether the registry is of the region and partition of the token, and for a proxy that changes requests.',
  'session-ended':
    'Look whether the role of the principal still exists, and whether its sessions were revoked; a token dies with them.',
  'public-token-rejected':
    'Look for a proxy that changes requests; a token of a private registry is none of ECR Public.',
  'wrong-region':
    'Mend the region of the entry under `registries`, or its `registryHost`: a token is good in one region.',
};

export function describeRegistryReason(reason: RegistryReason): string {
  return WORDS[reason.code](reason);
}

export function findRegistryRemedy({ code }: RegistryReason): string | undefined {
  return REMEDIES[code];
}
