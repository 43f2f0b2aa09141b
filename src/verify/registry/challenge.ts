// Parses the challenge of a registry (`WWW-Authenticate`, RFC 7235 and Docker's token specification).
import { isLoopbackHost } from '../../net/is-loopback.js';
import { isPublic } from './rejection.js';

export type Challenge =
  /** The password is sent with each request. Also the default if the registry sends no challenge. */
  | { readonly scheme: 'basic' }
  /** The password is exchanged for a token at the realm. */
  | { readonly scheme: 'bearer'; readonly realm: URL; readonly service?: string; readonly scope?: string }
  /** The realm is on another host, or is not a valid URL. */
  | { readonly scheme: 'other-host' };

/** @param host host of the registry, with its port */
export function readChallenge(header: string | undefined, host: string): Challenge {
  // The Bearer challenge may be at any position: of several challenges, Docker uses this one.
  const bearer = /(?:^|,)\s*bearer\s+(?<parameters>.*)$/i.exec(header ?? '')?.groups?.['parameters'];
  if (bearer === undefined) return { scheme: 'basic' };
  const { realm: text = '', service, scope } = readParameters(bearer);
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  // Docker fails without a valid realm.
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

/** The realm must be on the registry's own host and port, over HTTPS. The two hosts of ECR Public count as one. */
function isOwnRealm(realm: URL, host: string): boolean {
  if (realm.username || realm.password) return false;
  const isLocal = isLoopbackHost(realm.hostname);
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && isLocal)) return false;
  const own = new URL(`${realm.protocol}//${host}`);
  if (realm.host === own.host) return true;
  return isPublic(realm.host) && isPublic(host);
}
