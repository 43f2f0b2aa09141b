// Owns showing a token to a registry: whether it lets it in, whether it would let anything in, and whether an image may
// be pulled. Tells the registry's own refusal from everything that can stand in its way.
import type { ProbeAnswer, ProbeQuestions, RegistryApi } from '../../activities/ports.js';
import { FAILURES } from '../../domain/failures.js';
import type { RegistryProbe } from '../../domain/steps.js';
import { WRONG_PASSWORD } from '../../domain/token.js';
import { Secret } from '../../secret.js';
import { TransportFailure, type HttpAnswer, type HttpClient } from '../http.js';
import type { Challenge } from './challenge.js';
import { converse, type Conversation } from './conversation.js';
import { probePull } from './pull.js';
import { describeObstacle, isPage, judgeSignIn, unreachable } from './verdict.js';

const OPEN = 'it lets everybody in, without a password';
const CREDULOUS = 'it accepts a wrong password, too';

export function createRegistryApi({ http }: { readonly http: HttpClient }): RegistryApi {
  async function probe(
    host: string,
    password: Secret,
    questions: ProbeQuestions,
    signal: AbortSignal,
  ): Promise<ProbeAnswer> {
    try {
      const talk = converse(http, host, signal);
      if (!talk) return { probe: unreachable(host, 'this is no host name'), refusesWrongPassword: false };
      return await ask(talk, host, password, questions);
    } catch (error) {
      const message = error instanceof TransportFailure ? error.message : 'the request failed';
      return { probe: unreachable(host, message), refusesWrongPassword: false };
    }
  }

  return { probe };
}

async function ask(
  talk: Conversation,
  host: string,
  password: Secret,
  { wrongPassword, images }: ProbeQuestions,
): Promise<ProbeAnswer> {
  const { answer, challenge } = await talk.askChallenge();
  if (challenge.scheme === 'foreign') return { probe: foreignRealm(host), refusesWrongPassword: false };
  const isOpen = answer.status === 200 && !isPage(answer);
  const signIn = await talk.authorize(challenge, password);
  const shown = 'refusedBy' in signIn ? signIn.refusedBy : await talk.askBase(signIn.authorization);
  const verdict = 'refusedBy' in signIn ? judgeExchange(host, shown) : judgeSignIn(host, shown);
  if (verdict.outcome !== 'accepted') return { probe: verdict, refusesWrongPassword: false };
  // Whoever lets everybody in need not be asked.
  const control = !isOpen && wrongPassword ? await askWrongly(talk, host, challenge) : 'not asked';
  const inconclusive = { outcome: 'inconclusive', message: isOpen ? OPEN : CREDULOUS } as const;
  const pulls = [];
  for (const image of images) pulls.push(await probePull(talk, challenge, password, image));
  return {
    probe: {
      ...verdict,
      ...(isOpen || control === 'accepted' ? inconclusive : {}),
      ...(pulls.length === 0 ? {} : { pulls }),
    },
    refusesWrongPassword: control === 'refused',
  };
}

/** What a wrong password gets. An obstacle says nothing, and the next run asks again. */
async function askWrongly(
  talk: Conversation,
  host: string,
  challenge: Challenge,
): Promise<RegistryProbe['outcome']> {
  try {
    const signIn = await talk.authorize(challenge, new Secret(WRONG_PASSWORD));
    if ('refusedBy' in signIn) return judgeExchange(host, signIn.refusedBy).outcome;
    return judgeSignIn(host, await talk.askBase(signIn.authorization)).outcome;
  } catch (error) {
    if (error instanceof TransportFailure) return 'unreachable';
    throw error;
  }
}

/** What was answered in place of a token. A 200 without one is no yes. */
function judgeExchange(host: string, answer: HttpAnswer): RegistryProbe {
  const verdict = judgeSignIn(host, answer);
  if (verdict.outcome !== 'accepted') return verdict;
  return unreachable(host, describeObstacle(answer.status));
}

function foreignRealm(host: string): RegistryProbe {
  return {
    registry: host,
    outcome: 'refused',
    type: 'RegistryRealmForeign',
    message: 'it asks for the sign-in to be sent to another host (realm)',
    remedy: FAILURES.RegistryRealmForeign.remedy,
  };
}
