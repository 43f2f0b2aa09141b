// URLs of Docker Engines: a unix socket, or TCP, which requires TLS except on loopback. Messages never quote them.
import { isLoopbackHost } from '../../net/is-loopback.js';
import type { Fault, Reading } from '../config-error.js';

const TCP =
  /^tcp:\/\/(?<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::(?<port>[1-9]\d{0,4}))?\/?$/i;
/** The default ports of the Docker CLI. */
const PORT = { plain: 2375, tls: 2376 } as const;
const TCP_EXAMPLE = '`tcp://docker.example.com:2376`';

/** What Docker supports and this release does not. */
const UNSUPPORTED: readonly (readonly [pattern: RegExp, message: string, remedy: string])[] = [
  [
    /^https?:/i,
    'must begin with tcp:// instead of http:// or https://',
    'Use tcp:// with the same host and port. Add `caFile`, `certFile` and `keyFile` for TLS, except on loopback.',
  ],
  [
    /^ssh:/i,
    'ssh:// is not supported',
    'Make the engine listen on tcp:// with TLS, or run the worker on its machine and use its unix:// socket.',
  ],
  [
    /^npipe:/i,
    'Windows named pipes are not supported',
    'Make the engine also listen on tcp://, on loopback or with TLS.',
  ],
  [
    /^fd:/i,
    'fd:// is not an address: the engine gets this socket from systemd',
    'Use the path of the socket: `unix:///var/run/docker.sock`.',
  ],
  [
    /^https?\+unix:/i,
    'must begin with unix:// instead of http+unix://',
    'Use the form `unix:///var/run/docker.sock`.',
  ],
  [/^[a-z0-9_.-]+:\d+$/i, 'has no scheme', 'Write tcp:// before the host and port.'],
  [/^\//, 'has no scheme', 'Write unix:// before the path: `unix:///var/run/docker.sock`.'],
];

/** The URL in its canonical form; a `tcp://` URL may have no port. */
export function readEngineUrl(text: string): Reading<string> {
  const hidden = /[\s\p{Cc}\p{Cf}]/u.exec(text)?.[0];
  if (hidden !== undefined) {
    const code = (hidden.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return invalid(`contains a blank or an invisible character (U+${code})`, 'Remove this character.');
  }
  if (/^unix:\/\/\/[^\s/]/.test(text) && !text.includes('\0')) return { result: text };
  if (/^unix:/i.test(text)) {
    return invalid('must have an absolute path', 'Use three slashes: `unix:///var/run/docker.sock`.');
  }
  if (/^tcp:/i.test(text)) return readTcp(text);
  const unsupported = UNSUPPORTED.find(([pattern]) => pattern.test(text));
  if (unsupported) return invalid(unsupported[1], unsupported[2]);
  return invalid(
    'must be unix:// with an absolute path, or tcp://host:port',
    `Use the form \`unix:///var/run/docker.sock\`, or ${TCP_EXAMPLE} with its TLS files.`,
  );
}

function readTcp(text: string): Reading<string> {
  if (text.includes('@')) {
    return {
      code: 'plain-text-secret',
      message: 'must not contain a user name or password',
      remedy: 'Remove the part before @: the worker authenticates with `certFile` and `keyFile`.',
    };
  }
  const { host, port } = TCP.exec(text)?.groups ?? {};
  if (host === undefined && /^tcp:\/\/[^/]+\/[^/]/i.test(text)) {
    return invalid('must not have a path', `Remove everything after the port: ${TCP_EXAMPLE}.`);
  }
  if (host === undefined || Number(port ?? 1) > 65_535) {
    return invalid('must have a valid host and port, and nothing else', `Use the form ${TCP_EXAMPLE}.`);
  }
  // Host names are not case-sensitive: two spellings would be two engines.
  return { result: `tcp://${host.toLowerCase()}${port === undefined ? '' : `:${port}`}` };
}

/** Adds the default port. @param url as `readEngineUrl` returns it */
export function addPort(url: string, hasTls: boolean): string {
  const groups = TCP.exec(url)?.groups;
  return groups && groups['port'] === undefined ? `${url}:${hasTls ? PORT.tls : PORT.plain}` : url;
}

/** Whether the token would be sent unencrypted without TLS. @param url as `readEngineUrl` returns it */
export function isUnencryptedEngine(url: string): boolean {
  const host = TCP.exec(url)?.groups?.['host'];
  return host !== undefined && !isLoopbackHost(host);
}

function invalid(message: string, remedy: string): Fault {
  return { code: 'invalid', message, remedy };
}
