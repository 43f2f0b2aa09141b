// Loopback hosts: plain HTTP is allowed, and no proxy is used.
import net from 'node:net';
import { normalizeIPv6 } from './no-proxy.js';

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const LOOPBACK_IPV4 = new RegExp(`^127(?:\\.${BYTE}){3}$`);

/**
 * `localhost`, 127.0.0.0/8 or ::1, in any spelling of an IPv6 address, with or without brackets. Not `localhost.`:
 * resolvers look it up in DNS, which may return any address.
 */
export function isLoopbackHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const address = net.isIPv6(bare) ? normalizeIPv6(bare) : bare;
  return address === 'localhost' || address === '::1' || LOOPBACK_IPV4.test(address);
}
