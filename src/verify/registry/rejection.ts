// Owns what it means when a registry refuses a token, by its status and what it said: the same words whether the worker
// asked it or a Docker Engine did. Refuses to show what it said.
import { parseEcrHost } from '../../refresh/registry-host.js';

export interface RejectionReason {
  readonly message: string;
  readonly remedy?: string;
}

/** What ECR is known to say. Sources: Yatai issue 471 and aws-sdk-java issue 818, Kubernetes issue 69141. */
const KNOWN_TEXTS: readonly (readonly [pattern: RegExp, refusal: RejectionReason])[] = [
  [
    /authorization token has expired/i,
    {
      message:
        'the registry says that the token has expired, as it does of every token that it cannot read or does not know',
      remedy:
        'Look whether the registry is of the region and partition of the token, and for a proxy that changes requests.',
    },
  ],
  [
    /security token included in the request is (?:invalid|expired)/i,
    {
      message: 'the AWS session behind the token has ended',
      remedy:
        'Look whether the role of the principal still exists, and whether its sessions were revoked; a token dies with them.',
    },
  ],
];

/** @param text what the registry said, as far as it is known */
export function describeRejection(host: string, status: number, text: string): RejectionReason {
  return KNOWN_TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? refusalOfStatus(host, status);
}

export function isPublic(host: string): boolean {
  return parseEcrHost(host)?.kind === 'public';
}

function refusalOfStatus(host: string, status: number): RejectionReason {
  if (status === 400 && isPublic(host)) {
    return {
      message:
        'ECR Public does not accept the token, and says no more of one that has expired or is not its own',
      remedy: 'Look for a proxy that changes requests; a token of a private registry is none of ECR Public.',
    };
  }
  if (status === 400) {
    return {
      // Source: aws-cli issue 5317.
      message: 'a token of another region, or malformed',
      remedy:
        'Mend the region of the entry under `registries`, or its `registryHost`: a token is good in one region.',
    };
  }
  if (status === 401) return { message: 'the registry does not take this as a sign-in' };
  return { message: 'the registry does not admit the principal of the token' };
}
