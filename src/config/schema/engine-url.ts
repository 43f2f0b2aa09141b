// URLs of Docker Engines: a unix socket, or TCP, which requires TLS except on loopback. Messages never quote them.
import { isLoopbackHost } from '../../net/is-loopback.js';
import type { Fault, Reading } from '../config-error.js';

const TCP =
  /^tcp:\/\/(?<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]):(?<port>[1-9]\d{0,4})\/?$/i;
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
];

/** The URL in its canonical form. */
export function readEngineUrl(text: string): Reading<string> {
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
  if (host === undefined || Number(port) > 65_535) {
    return invalid('must have a valid host and port, and nothing else', `Use the form ${TCP_EXAMPLE}.`);
  }
  // Host names are not case-sensitive: two spellings would be two engines.
  return { result: `tcp://${host.toLowerCase()}:${port}` };
}

/** Whether the token would be sent unencrypted without TLS. @param url as `readEngineUrl` returns it */
export function isUnencryptedEngine(url: string): boolean {
  const host = TCP.exec(url)?.groups?.['host'];
  return host !== undefined && !isLoopbackHost(host);
}

function invalid(message: string, remedy: string): Fault {
  return { code: 'invalid', message, remedy };
}
