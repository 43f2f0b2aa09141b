// How to log in to a registry, by its challenge (`WWW-Authenticate`, RFC 7235 and Docker's token specification).
import { isLoopbackHost } from '../../net/is-loopback.js';
import { isPublic } from './rejection.js';

export type Challenge =
  /** The password itself with each request; also what is tried where a registry does not say. */
  | { readonly scheme: 'basic' }
  /** The password is exchanged for a token at the realm. */
  | { readonly scheme: 'bearer'; readonly realm: URL; readonly service?: string; readonly scope?: string }
  /** The password would go to a host other than the registry's own, or to one that cannot be read. */
  | { readonly scheme: 'other-host' };

/** Reads the challenge of a registry, `host` being its name with its port. */
export function readChallenge(header: string | undefined, host: string): Challenge {
  // Anywhere: of several challenges, Docker takes this one.
  const bearer = /(?:^|,)\s*bearer\s+(?<parameters>.*)$/i.exec(header ?? '')?.groups?.['parameters'];
  if (bearer === undefined) return { scheme: 'basic' };
  const { realm: text = '', service, scope } = readParameters(bearer);
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  // Docker would fail without a realm that it can read.
  if (!realm || !isOwnRealm(realm, host)) return { scheme: 'other-host' };
  return {
    scheme: 'bearer',
    realm,
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function readParameters(text: string): Partial<Record<'realm' | 'service' | 'scope', string>> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/(\w+)="([^"]*)"/g)) {
    found[name.toLowerCase()] ??= value;
  }
  return found;
}

/** The very host and port of the registry, by HTTPS; the two hosts of ECR Public are one. */
function isOwnRealm(realm: URL, host: string): boolean {
  if (realm.username || realm.password) return false;
  const isLocal = isLoopbackHost(realm.hostname);
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && isLocal)) return false;
  const own = new URL(`${realm.protocol}//${host}`);
  if (realm.host === own.host) return true;
  return isPublic(realm.host) && isPublic(host);
}
