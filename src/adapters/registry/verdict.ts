// Owns what a registry's answer to a sign-in means: its own yes or no, or something that stands in its way.
// Refuses to show what it said: its known texts are told in our words.
import { parseEcrHost } from '../../domain/registry-host.js';
import type { RegistryProbe } from '../../domain/steps.js';
import type { HttpAnswer } from '../http.js';

type Refusal = Pick<RegistryProbe, 'message' | 'remedy'>;

/** What ECR is known to say. Sources: Yatai issue 471 and aws-sdk-java issue 818, Kubernetes issue 69141. */
const KNOWN_TEXTS: readonly (readonly [pattern: RegExp, refusal: Required<Refusal>])[] = [
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

/** What the registry says to a password or token that it was shown. */
export function judgeSignIn(host: string, answer: HttpAnswer): RegistryProbe {
  const { status } = answer;
  if (status === 200 && !isPage(answer)) return { registry: host, outcome: 'accepted' };
  if ((status === 400 || status === 401 || status === 403) && isFromRegistry(host, answer)) {
    return { registry: host, outcome: 'refused', ...describeRefusal(host, answer) };
  }
  return unreachable(host, describeObstacle(status));
}

export function unreachable(host: string, message: string): RegistryProbe {
  return { registry: host, outcome: 'unreachable', message };
}

/** Why an answer is none of the registry. */
export function describeObstacle(status: number): string {
  if (status === 429) return 'the registry asks for fewer requests (429)';
  if (status >= 500) return `the registry or a proxy before it failed (${status})`;
  return `something other than a registry answered (${status})`;
}

export function isPage(answer: HttpAnswer): boolean {
  return /^text\/html\b/i.test(answer.header('content-type') ?? '');
}

/**
 * The header is a registry's signature since the first v2 registries; the body that of the OCI distribution API. ECR
 * Public answers a bare 400 to a token that it does not accept (containers-roadmap issue 2835).
 */
function isFromRegistry(host: string, answer: HttpAnswer): boolean {
  const isPublic400 = answer.status === 400 && isPublic(host) && !isPage(answer);
  return (
    answer.header('docker-distribution-api-version') !== undefined ||
    errorOf(answer) !== undefined ||
    isPublic400
  );
}

function describeRefusal(host: string, answer: HttpAnswer): Refusal {
  const { status } = answer;
  const error = errorOf(answer);
  const known = KNOWN_TEXTS.find(([pattern]) => pattern.test(error?.message ?? answer.text))?.[1];
  const { message, remedy } = known ?? refusalOfStatus(host, status);
  const code = error?.code === undefined ? '' : ` ${error.code}`;
  return { message: `${status}${code}: ${message}`, ...(remedy === undefined ? {} : { remedy }) };
}

function refusalOfStatus(host: string, status: number): Refusal {
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

function isPublic(host: string): boolean {
  return parseEcrHost(host)?.kind === 'public';
}

/** The first error of a body of the distribution API. Its message is read to be judged, never shown. */
export function errorOf(answer: HttpAnswer): { code?: string; message?: string } | undefined {
  const errors = (answer.json as { errors?: unknown } | null | undefined)?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return undefined;
  return {
    // Only what looks like one of the API's codes is shown.
    ...(/^[A-Z_]{1,40}$/.test(code) ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}
