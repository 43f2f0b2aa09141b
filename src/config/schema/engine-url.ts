// URLs of Docker Engines: a unix socket, or TCP, which needs TLS beyond loopback. Faults never quote them.
import { isLoopbackHost } from '../../net/is-loopback.js';
import type { Fault, Reading } from '../config-error.js';

const TCP =
  /^tcp:\/\/(?<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]):(?<port>[1-9]\d{0,4})\/?$/i;
const TCP_EXAMPLE = '`tcp://docker.example.com:2376`';

/** What Docker itself can use and this release cannot. */
const UNSUPPORTED: readonly (readonly [pattern: RegExp, message: string, remedy: string])[] = [
  [
    /^https?:/i,
    'must begin with tcp://, as in Docker',
    `Example: ${TCP_EXAMPLE}, with \`caFile\`, \`certFile\` and \`keyFile\` next to \`url\`.`,
  ],
  [
    /^ssh:/i,
    'ssh:// is not supported',
    'Let the engine listen on tcp:// with TLS, or test it with a worker on its machine, on its unix:// socket.',
  ],
  [
    /^npipe:/i,
    'Windows pipes are not supported',
    'Let the engine listen on tcp:// as well: for loopback, or with TLS.',
  ],
  [
    /^fd:/i,
    'fd:// is how systemd gives the engine its socket, and not an address',
    'Use that socket: `unix:///var/run/docker.sock`.',
  ],
];

/** The URL in the one form that stands for an engine. */
export function readEngineUrl(text: string): Reading<string> {
  if (/^unix:\/\/\/[^\s/]/.test(text) && !text.includes('\0')) return { result: text };
  if (/^unix:/i.test(text)) {
    return invalid('must have an absolute path', 'Use three slashes: `unix:///var/run/docker.sock`.');
  }
  if (/^tcp:/i.test(text)) return readTcp(text);
  const unsupported = UNSUPPORTED.find(([pattern]) => pattern.test(text));
  if (unsupported) return invalid(unsupported[1], unsupported[2]);
  return invalid(
    'must be unix:// with a path, or tcp://host:port',
    `Example: \`unix:///var/run/docker.sock\`, or ${TCP_EXAMPLE} with its TLS files.`,
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
    return invalid('has no valid host and port', `Use both, and nothing else: ${TCP_EXAMPLE}.`);
  }
  // Host names are not case-sensitive: two spellings would be two engines.
  return { result: `tcp://${host.toLowerCase()}:${port}` };
}

/** Whether the token would cross a network unencrypted without TLS. @param url as `readEngineUrl` returns it */
export function isUnencryptedEngine(url: string): boolean {
  const host = TCP.exec(url)?.groups?.['host'];
  return host !== undefined && !isLoopbackHost(host);
}

function invalid(message: string, remedy: string): Fault {
  return { code: 'invalid', message, remedy };
}
