// Parses the challenge of a registry (`WWW-Authenticate`, RFC 9110 and Docker's token specification). What Docker and
// this parser could read differently is refused: Docker sends the password to the realm that it reads.
import { isLoopbackHost } from '../../net/is-loopback.js';
import { isPublic } from './rejection.js';

export type Challenge =
  /** The password is sent with each request. Also the default if the registry sends no challenge. */
  | { readonly scheme: 'basic' }
  /** The password is exchanged for a token at the realm. */
  | { readonly scheme: 'bearer'; readonly realm: URL; readonly service?: string; readonly scope?: string }
  /** Docker may send the password to another host. */
  | { readonly scheme: 'untrusted'; readonly reason: UntrustedRealm }
  /** Docker cannot log in with it, and sends no password. */
  | { readonly scheme: 'unsupported' };

export type UntrustedRealm =
  'other host' | 'unencrypted' | 'relative' | 'not a URL' | 'missing' | 'unreadable challenge';

/** @param host host of the registry, with its port */
export function readChallenge(header: string | undefined, host: string): Challenge {
  if (header === undefined) return { scheme: 'basic' };
  const challenges = parseChallenges(header);
  if (!challenges) return guessScheme(header);
  const bearers = challenges.filter(({ scheme }) => scheme === 'bearer');
  // Of several challenges, Docker uses Bearer, and of several such each one.
  const read = bearers.map(({ parameters }) => readBearer(parameters, host));
  const first = read.find(({ scheme }) => scheme === 'untrusted') ?? read[0];
  if (first) return first;
  return { scheme: challenges.some(({ scheme }) => scheme === 'basic') ? 'basic' : 'unsupported' };
}

/** Registries with Basic alone are not always exact: an unquoted realm may contain blanks. */
function guessScheme(header: string): Challenge {
  if (/bearer/i.test(header)) return { scheme: 'untrusted', reason: 'unreadable challenge' };
  return { scheme: /^\s*basic\b/i.test(header) ? 'basic' : 'unsupported' };
}

function readBearer(parameters: ReadonlyMap<string, string>, host: string): Challenge {
  const text = parameters.get('realm') ?? '';
  const reason = text === '' ? 'missing' : findObjection(text, host);
  if (reason !== undefined) return { scheme: 'untrusted', reason };
  const [service, scope] = [parameters.get('service'), parameters.get('scope')];
  return {
    scheme: 'bearer',
    realm: new URL(text),
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** `URL` corrects what other parsers read as another host, or not at all: a backslash, a tab, a single slash. */
const STRICT_URL = /^https?:\/\/[\w.:[\]-]+(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/i;

/** The realm must be on the registry's own host and port, over HTTPS. The two hosts of ECR Public count as one. */
function findObjection(text: string, host: string): UntrustedRealm | undefined {
  if (!URL.canParse(text)) return /^[a-z][a-z0-9+.-]*:|^\/\//i.test(text) ? 'not a URL' : 'relative';
  const realm = new URL(text);
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return 'not a URL';
  const own = new URL(`${realm.protocol}//${host}`);
  if (realm.host !== own.host && !(isPublic(realm.host) && isPublic(host))) return 'other host';
  if (!STRICT_URL.test(text)) return 'not a URL';
  return realm.protocol === 'https:' || isLoopbackHost(realm.hostname) ? undefined : 'unencrypted';
}

interface ParsedChallenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Map<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
/** A value ends before a blank, a comma or the end, so that no other parser can find the start of a value inside. */
const PARAMETER = new RegExp(`(${TOKEN})=(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))(?=[\\s,]|$)`, 'y');
const SCHEME = new RegExp(`(${TOKEN})(?=[\\s,]|$)`, 'y');
const SEPARATOR = /[\s,]*/y;

/** Undefined if any part cannot be read, or a parameter occurs twice. Node joins several headers with commas. */
function parseChallenges(header: string): ParsedChallenge[] | undefined {
  const challenges: ParsedChallenge[] = [];
  let position = 0;
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match) position = pattern.lastIndex;
    return match;
  };
  while (read(SEPARATOR) && position < header.length) {
    const parameters = challenges.at(-1)?.parameters;
    const [found, name = '', quoted, token = ''] = (parameters && read(PARAMETER)) ?? [];
    if (parameters && found !== undefined) {
      const key = name.toLowerCase();
      if (parameters.has(key)) return undefined;
      parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? token);
      continue;
    }
    const scheme = read(SCHEME)?.[1];
    if (scheme === undefined) return undefined;
    challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
  }
  return challenges;
}
