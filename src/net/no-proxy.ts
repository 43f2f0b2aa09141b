// The rules of NO_PROXY: those of Go (golang.org/x/net/http/httpproxy), and blanks as separators, as in curl. See
// docs/decisions/0040-proxy-variables.md.
import net from 'node:net';
import { domainToASCII } from 'node:url';

/** A host and port to connect to. */
export interface Target {
  /** A name or an IP address, with or without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Whether a value of NO_PROXY lists a target. Host names are not resolved: ranges apply only to addresses. */
export function matchesNoProxy(list: string, { host, port }: Target): boolean {
  const normalized = toComparableHost(host);
  return list.split(/[\s,]+/).some((entry) => entry !== '' && matchesEntry(entry, normalized, port));
}

/** Without brackets, zone, trailing dot and upper case: one form for each host, so that forms can be compared. */
function toComparableHost(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (net.isIPv6(bare)) return normalizeIPv6(bare);
  const name = bare.replace(/\.$/, '');
  return /\P{ASCII}/u.test(name) ? domainToASCII(name).replace(/\.$/, '') || name : name;
}

/** Without a zone. An IPv4-mapped address becomes IPv4, because it reaches the same host. */
export function normalizeIPv6(address: string): string {
  const canonical = new net.SocketAddress({ address, family: 'ipv6' }).address;
  return canonical.replace(/^::ffff:(?=\d+\.)/, '');
}

function matchesEntry(entry: string, host: string, port: number): boolean {
  const range = /^\[?([^\]/]+)\]?\/(\d{1,3})$/.exec(entry);
  if (range) return isInRange(host, range[1] ?? '', Number(range[2]));
  const { name, onlyPort } = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  return name === '*' || matchesName(name, host);
}

/** `host`, `host:port`, `[::1]`, `[::1]:port` or `::1`. Any other entry matches nothing. */
function splitPort(entry: string): { readonly name: string; readonly onlyPort: number | undefined } {
  if (net.isIPv6(entry)) return { name: entry, onlyPort: undefined };
  const [, name = '', port = ''] = /^(\[[^\]]+\]|[^:]+)(?::(\d*))?$/.exec(entry) ?? [];
  return { name, onlyPort: port === '' ? undefined : Number(port) };
}

/** `example.com` matches the host and its subdomains, `.example.com` and `*.example.com` only subdomains. */
function matchesName(entry: string, host: string): boolean {
  const isSuffix = /^\*?\./.test(entry);
  const name = toComparableHost(entry.replace(/^\*?\./, ''));
  if (!isSuffix && host === name) return true;
  return net.isIP(host) === 0 && host.endsWith(`.${name}`);
}

function isInRange(host: string, network: string, prefix: number): boolean {
  const family = net.isIP(network);
  if (family === 0 || net.isIP(host) === 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const range = new net.BlockList();
  range.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return range.check(host, net.isIPv4(host) ? 'ipv4' : 'ipv6');
}
