// Verifies a token with a registry: whether it is accepted, whether anything would be, and whether images may be pulled.
import { Secret } from '../../log/secret.js';
import type { HttpClient } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { PullProbe, RegistryProbe } from '../../refresh/activity-types.js';
import { FAILURES } from '../../refresh/failures.js';
import { WRONG_PASSWORD } from '../../refresh/token.js';
import { readChallenge, type Challenge } from './challenge.js';
import { classifyLogin, describeUnexpected } from './classify-response.js';
import { createRegistryClient, type RegistryClient } from './client.js';
import type { NegativeChecks } from './port.js';
import { probePull } from './pull-check.js';

/**
 * Logs in to a registry with a password: `GET /v2/`, as its challenge requires. Never throws: no response is the outcome
 * `unreachable`. The password is sent to the registry's own host only.
 * @param checks which registries were seen to reject a wrong password: these need not be asked again
 */
export function createTokenVerifier(http: HttpClient, checks: NegativeChecks) {
  return async (
    registry: string,
    password: Secret,
    images: readonly string[],
    signal: AbortSignal,
  ): Promise<RegistryProbe> => {
    try {
      const client = createRegistryClient(http, registry, signal);
      return await verify(client, checks, password, images);
    } catch (error) {
      const message = error instanceof NetworkError ? error.message : 'the request failed';
      return { registry, outcome: 'unreachable', message };
    }
  };
}

async function verify(
  client: RegistryClient,
  checks: NegativeChecks,
  password: Secret,
  images: readonly string[],
): Promise<RegistryProbe> {
  const anonymous = await client.get('');
  const challenge = readChallenge(anonymous.header('www-authenticate'), client.host);
  if (challenge.scheme === 'other-host') return toOtherHostProbe(client.host);
  const result = await login(client, challenge, password);
  if (result.outcome !== 'accepted') return result;
  const isOpen = classifyLogin(client.host, anonymous).outcome === 'accepted';
  const doubt = isOpen
    ? 'it lets everybody in, without a password'
    : await tryWrongPassword(client, challenge, checks);
  const pulls: PullProbe[] = [];
  for (const image of images) pulls.push(await probePull(client, challenge, password, image));
  return {
    ...result,
    ...(doubt === undefined ? {} : { outcome: 'inconclusive', message: doubt }),
    ...(pulls.length === 0 ? {} : { pulls }),
  };
}

async function login(client: RegistryClient, challenge: Challenge, password: Secret): Promise<RegistryProbe> {
  const authorized = await client.authorize(challenge, password);
  if (authorized instanceof Secret) return classifyLogin(client.host, await client.get('', authorized));
  const result = classifyLogin(client.host, authorized);
  if (result.outcome !== 'accepted') return result;
  // A 200 without a token accepts nothing.
  return { ...result, outcome: 'unreachable', message: describeUnexpected(authorized.status) };
}

/** What is wrong when a wrong password is accepted. Without a response it proves nothing, and the next run tries again. */
async function tryWrongPassword(
  client: RegistryClient,
  challenge: Challenge,
  checks: NegativeChecks,
): Promise<string | undefined> {
  if (checks.has(client.host)) return undefined;
  try {
    const { outcome } = await login(client, challenge, new Secret(WRONG_PASSWORD));
    if (outcome === 'rejected') checks.add(client.host);
    return outcome === 'accepted' ? 'it accepts a wrong password, too' : undefined;
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

function toOtherHostProbe(registry: string): RegistryProbe {
  return {
    registry,
    outcome: 'rejected',
    type: 'RegistryRealmForeign',
    message: 'it asks for the sign-in to be sent to another host (realm)',
    remedy: FAILURES.RegistryRealmForeign.remedy,
  };
}
