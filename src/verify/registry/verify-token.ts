// Verifies a token with a registry: token accepted, wrong password rejected, images can be pulled.
import { Secret } from '../../log/secret.js';
import type { HttpClient } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { PullProbe, RegistryProbe } from '../../refresh/activity-types.js';
import { WRONG_PASSWORD } from '../../refresh/token.js';
import type { UntrustedRealm } from './challenge.js';
import { classifyLogin } from './classify-response.js';
import { openRegistry, type Registry } from './open-registry.js';
import type { NegativeChecks } from './port.js';
import { probePull } from './pull-check.js';

/**
 * Logs in to a registry with `GET /v2/`, as its challenge requires. Never throws: without a usable response
 * the outcome is `unreachable`. The password is sent only to the registry's own host.
 * @param checks registries that are known to reject a wrong password and are not checked again
 */
export function createTokenVerifier(http: HttpClient, checks: NegativeChecks) {
  return async (
    host: string,
    password: Secret,
    images: readonly string[],
    signal: AbortSignal,
  ): Promise<RegistryProbe> => {
    try {
      return await verify(await openRegistry(http, host, signal), checks, password, images);
    } catch (error) {
      const message =
        error instanceof NetworkError ? error.message : 'an unexpected error occurred during the check';
      return { registry: host, outcome: 'unreachable', message };
    }
  };
}

async function verify(
  registry: Registry,
  checks: NegativeChecks,
  password: Secret,
  images: readonly string[],
): Promise<RegistryProbe> {
  const { host, anonymous, challenge } = registry;
  if (challenge.scheme === 'untrusted') return toUntrustedProbe(host, challenge.reason);
  if (challenge.scheme === 'unsupported') {
    const message = 'its auth challenge has neither Basic nor Bearer; check for a proxy in front of it';
    return { registry: host, outcome: 'unreachable', message };
  }
  const result = await login(registry, password);
  if (result.outcome !== 'accepted') return result;
  const isOpen = classifyLogin(host, anonymous).outcome === 'accepted';
  const doubt = isOpen ? 'the registry allows anonymous access' : await tryWrongPassword(registry, checks);
  const pulls: PullProbe[] = [];
  for (const image of images) pulls.push(await probePull(registry, password, image));
  return {
    ...result,
    ...(doubt === undefined ? {} : { outcome: 'inconclusive', message: doubt }),
    ...(pulls.length === 0 ? {} : { pulls }),
  };
}

async function login(registry: Registry, password: Secret): Promise<RegistryProbe> {
  const { host } = registry;
  const authorized = await registry.authorize(password);
  if (authorized instanceof Secret) return classifyLogin(host, await registry.get('', authorized));
  const result = classifyLogin(host, authorized);
  if (result.outcome !== 'accepted') return result;
  // A 200 without a token is not a successful login.
  const message = `unexpected response: the login returned no token (${authorized.status})`;
  return { ...result, outcome: 'unreachable', message };
}

/** Returns a problem if the registry accepts a wrong password. Without a response, the next run checks again. */
async function tryWrongPassword(registry: Registry, checks: NegativeChecks): Promise<string | undefined> {
  if (checks.has(registry.host)) return undefined;
  try {
    const { outcome } = await login(registry, new Secret(WRONG_PASSWORD));
    if (outcome === 'rejected') checks.add(registry.host);
    return outcome === 'accepted' ? 'the registry also accepts a wrong password' : undefined;
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

const UNTRUSTED: Readonly<Record<UntrustedRealm, string>> = {
  'other host': 'its auth realm points to another host',
  unencrypted: 'its auth realm is on its own host, but unencrypted (http)',
  relative: 'its auth realm is a relative URL, not one with https:// and a host',
  'not a URL': 'its auth realm is not a valid URL',
  missing: 'its auth challenge has no realm',
  'unreadable challenge': 'its auth challenge (WWW-Authenticate) cannot be parsed',
};

function toUntrustedProbe(registry: string, reason: UntrustedRealm): RegistryProbe {
  return {
    registry,
    outcome: 'rejected',
    type: 'RegistryRealmForeign',
    message: UNTRUSTED[reason],
  };
}
