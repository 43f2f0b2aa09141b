// Loopback hosts: plain HTTP is allowed, and no proxy is used.

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const LOOPBACK_IPV4 = new RegExp(`^127(?:\\.${BYTE}){3}$`);

/** `localhost`, 127.0.0.0/8 or ::1, as `URL.hostname` or Node's `host` option writes them. */
export function isLoopbackHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || LOOPBACK_IPV4.test(bare);
}
