// Verifies a token with a registry: whether it is accepted, whether anything would be, and whether an image may be pulled.
import type { ProbeResult, ProbeOptions, RegistryVerifier } from './port.js';
import { FAILURES } from '../../refresh/failures.js';
import type { PullProbe, RegistryProbe } from '../../refresh/activity-types.js';
import { WRONG_PASSWORD } from '../../refresh/token.js';
import { Secret } from '../../log/secret.js';
import type { HttpClient } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { Challenge } from './challenge.js';
import { createRegistryClient, type RegistryClient } from './client.js';
import { probePull } from './pull-check.js';
import { classifyLogin, toUnexpectedReason, type LoginResult } from './classify-response.js';
import { describeRegistryReason, findRegistryRemedy, type RegistryReason } from './registry-reason.js';

export function createRegistryVerifier({ http }: { readonly http: HttpClient }): RegistryVerifier {
  async function probe(
    host: string,
    password: Secret,
    options: ProbeOptions,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    try {
      const client = createRegistryClient(http, host, signal);
      if (!client) return { probe: toProbe(host, INVALID_HOST), rejectsWrongPassword: false };
      return await verify(client, host, password, options);
    } catch (error) {
      return { probe: toFailedProbe(host, error), rejectsWrongPassword: false };
    }
  }

  return { probe };
}

const INVALID_HOST: LoginResult = { outcome: 'unreachable', reason: { code: 'invalid-host' } };

async function verify(
  client: RegistryClient,
  host: string,
  password: Secret,
  { wrongPassword, images }: ProbeOptions,
): Promise<ProbeResult> {
  const { response, challenge } = await client.getChallenge();
  if (challenge.scheme === 'other-host')
    return { probe: toOtherHostProbe(host), rejectsWrongPassword: false };
  const result = await login(client, host, challenge, password);
  if (result.outcome !== 'accepted') return { probe: toProbe(host, result), rejectsWrongPassword: false };
  const isOpen = classifyLogin(host, response).outcome === 'accepted';
  // A registry that lets everyone in need not be checked with a wrong password.
  const control =
    wrongPassword && !isOpen ? await loginWithWrongPassword(client, host, challenge) : 'not-checked';
  const doubt: RegistryReason = { code: isOpen ? 'anonymous-access' : 'accepts-any-password' };
  const inconclusive = { outcome: 'inconclusive', message: describeRegistryReason(doubt) } as const;
  const pulls: PullProbe[] = [];
  for (const image of images) pulls.push(await probePull(client, challenge, password, image));
  return {
    probe: {
      registry: host,
      outcome: 'accepted',
      ...(isOpen || control === 'accepted' ? inconclusive : {}),
      ...(pulls.length === 0 ? {} : { pulls }),
    },
    rejectsWrongPassword: control === 'rejected',
  };
}

async function login(
  client: RegistryClient,
  host: string,
  challenge: Challenge,
  password: Secret,
): Promise<LoginResult> {
  const authorized = await client.authorize(challenge, password);
  if ('authorization' in authorized) {
    return classifyLogin(host, await client.getBase(authorized.authorization));
  }
  const result = classifyLogin(host, authorized.rejectedBy);
  if (result.outcome !== 'accepted') return result;
  // A 200 without a token accepts nothing.
  return { outcome: 'unreachable', reason: toUnexpectedReason(authorized.rejectedBy.status) };
}

/** The outcome with a wrong password. Without a response it proves nothing, and the next run checks again. */
async function loginWithWrongPassword(
  client: RegistryClient,
  host: string,
  challenge: Challenge,
): Promise<LoginResult['outcome']> {
  try {
    return (await login(client, host, challenge, new Secret(WRONG_PASSWORD))).outcome;
  } catch (error) {
    if (error instanceof NetworkError) return 'unreachable';
    throw error;
  }
}

function toProbe(host: string, result: LoginResult): RegistryProbe {
  const { outcome } = result;
  if (outcome === 'accepted') return { registry: host, outcome };
  const message = describeRegistryReason(result.reason);
  const remedy = findRegistryRemedy(result.reason);
  return { registry: host, outcome, message, ...(remedy === undefined ? {} : { remedy }) };
}

function toFailedProbe(host: string, error: unknown): RegistryProbe {
  const message =
    error instanceof NetworkError ? error.message : describeRegistryReason({ code: 'request-failed' });
  return { registry: host, outcome: 'unreachable', message };
}

function toOtherHostProbe(host: string): RegistryProbe {
  return {
    registry: host,
    outcome: 'rejected',
    type: 'RegistryRealmForeign',
    message: describeRegistryReason({ code: 'other-host-realm' }),
    remedy: FAILURES.RegistryRealmForeign.remedy,
  };
}
