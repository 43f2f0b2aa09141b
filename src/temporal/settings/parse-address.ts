// `host:port`, the form that both libraries of Temporal accept.
import net from 'node:net';

export interface Address {
  /** Without brackets, in lower case. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, an IPv6 address in brackets. */
  readonly address: string;
}

/** What is wrong with an address, without quoting it. */
export interface AddressFault {
  readonly message: string;
  readonly remedy: string;
}

const DEFAULT_PORT = 7233;
const MAX_PORT = 65_535;
const FORM = 'Write host:port, such as temporal.example.com:7233.';
const IPV6_FORM = 'Write an IPv6 address in brackets, such as [2001:db8::1]:7233.';

/** As Temporal's tools accept it: without a port it is 7233. */
export function parseAddress(text: string): Address | AddressFault {
  const fault = findForeignPart(text);
  if (fault) return fault;
  const [, inBrackets, name, colon, digits = ''] =
    /^(?:\[([^[\]]*)\]|([^:[\]]*))(?:(:)(.*))?$/.exec(text) ?? [];
  const host = (inBrackets ?? name)?.toLowerCase();
  if (host === undefined) return { message: 'is not a valid address', remedy: `${FORM} ${IPV6_FORM}` };
  if (host === '') return { message: 'has no host', remedy: FORM };
  if (inBrackets === undefined ? !isHostName(host) : !net.isIPv6(host) || host.includes('%')) {
    return inBrackets === undefined
      ? { message: 'does not contain a valid host name or IPv4 address', remedy: FORM }
      : { message: 'does not contain a valid IPv6 address in the brackets', remedy: IPV6_FORM };
  }
  if (colon !== undefined && digits === '') {
    return { message: 'has no port after the colon', remedy: FORM };
  }
  const port = colon === undefined ? DEFAULT_PORT : Number(/^\d{1,5}$/.exec(digits)?.[0]);
  if (!(port >= 1 && port <= MAX_PORT)) {
    return { message: `has a port that is not a number from 1 to ${MAX_PORT}`, remedy: FORM };
  }
  return { host, port, address: `${inBrackets === undefined ? host : `[${host}]`}:${port}` };
}

/** Letters, digits, `-`, `_` and `.`; also an IPv4 address. */
export function isHostName(host: string): boolean {
  if (net.isIPv4(host)) return true;
  const labels = host.replace(/\.$/, '').split('.');
  // A last label of digits belongs to an IPv4 address: 10.0.0.256, or a port without a host.
  return (
    host.length <= 253 &&
    labels.every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

/** Parts of a URL, and what is usually meant by it. */
function findForeignPart(text: string): AddressFault | undefined {
  if (/[\s\p{Cc}]/u.test(text))
    return { message: 'contains whitespace or a control character', remedy: FORM };
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) {
    const remedy = `${FORM} To use TLS, set TEMPORAL_TLS=true.`;
    return { message: 'has a scheme, such as https://', remedy };
  }
  if (text.includes('@')) return { message: 'contains a user name', remedy: FORM };
  if (/[/\\?#]/.test(text)) return { message: 'contains a path', remedy: FORM };
  if (net.isIPv6(text)) return { message: 'is an IPv6 address without brackets', remedy: IPV6_FORM };
  return undefined;
}
