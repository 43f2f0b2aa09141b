// Owns showing a token to a registry: whether it lets it in, whether it would let anything in, and whether an image may
// be pulled. Tells the registry's own refusal from everything that can stand in its way.
import type { ProbeResult, ProbeOptions, RegistryVerifier } from './port.js';
import { FAILURES } from '../../refresh/failures.js';
import type { RegistryProbe } from '../../refresh/activity-types.js';
import { WRONG_PASSWORD } from '../../refresh/token.js';
import { Secret } from '../../log/secret.js';
import type { HttpResponse, HttpClient } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { Challenge } from './challenge.js';
import { createRegistryClient, type RegistryClient } from './client.js';
import { probePull } from './pull-check.js';
import { classifyLogin, isHtml, toUnexpectedReason, type LoginResult } from './classify-response.js';
import { describeRegistryReason, findRegistryRemedy, type RegistryReason } from './registry-reason.js';

export function createRegistryVerifier({ http }: { readonly http: HttpClient }): RegistryVerifier {
  async function probe(
    host: string,
    password: Secret,
    questions: ProbeOptions,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    try {
      const client = createRegistryClient(http, host, signal);
      if (!client) return { probe: toProbe(host, INVALID_HOST), rejectsWrongPassword: false };
      return await ask(client, host, password, questions);
    } catch (error) {
      return { probe: toFailedProbe(host, error), rejectsWrongPassword: false };
    }
  }

  return { probe };
}

const INVALID_HOST: LoginResult = { outcome: 'unreachable', reason: { code: 'invalid-host' } };

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

async function ask(
  client: RegistryClient,
  host: string,
  password: Secret,
  { wrongPassword, images }: ProbeOptions,
): Promise<ProbeResult> {
  const { answer, challenge } = await client.getChallenge();
  if (challenge.scheme === 'foreign') return { probe: foreignRealm(host), rejectsWrongPassword: false };
  const isOpen = answer.status === 200 && !isHtml(answer);
  const login = await client.authorize(challenge, password);
  const shown = 'rejectedBy' in login ? login.rejectedBy : await client.getBase(login.authorization);
  const result = 'rejectedBy' in login ? classifyTokenExchange(host, shown) : classifyLogin(host, shown);
  if (result.outcome !== 'accepted') return { probe: toProbe(host, result), rejectsWrongPassword: false };
  // Whoever lets everybody in need not be asked.
  const control =
    !isOpen && wrongPassword ? await probeWithWrongPassword(client, host, challenge) : 'not asked';
  const doubt: RegistryReason = { code: isOpen ? 'anonymous-access' : 'accepts-any-password' };
  const inconclusive = { outcome: 'inconclusive', message: describeRegistryReason(doubt) } as const;
  const pulls = [];
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

/** What a wrong password gets. An obstacle says nothing, and the next run asks again. */
async function probeWithWrongPassword(
  client: RegistryClient,
  host: string,
  challenge: Challenge,
): Promise<RegistryProbe['outcome']> {
  try {
    const login = await client.authorize(challenge, new Secret(WRONG_PASSWORD));
    if ('rejectedBy' in login) return classifyTokenExchange(host, login.rejectedBy).outcome;
    return classifyLogin(host, await client.getBase(login.authorization)).outcome;
  } catch (error) {
    if (error instanceof NetworkError) return 'unreachable';
    throw error;
  }
}

/** What was answered in place of a token. A 200 without one is no yes. */
function classifyTokenExchange(host: string, answer: HttpResponse): LoginResult {
  const result = classifyLogin(host, answer);
  if (result.outcome !== 'accepted') return result;
  return { outcome: 'unreachable', reason: toUnexpectedReason(answer.status) };
}

function foreignRealm(host: string): RegistryProbe {
  return {
    registry: host,
    outcome: 'rejected',
    type: 'RegistryRealmForeign',
    message: describeRegistryReason({ code: 'other-host-realm' }),
    remedy: FAILURES.RegistryRealmForeign.remedy,
  };
}
