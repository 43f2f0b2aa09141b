// Owns which addresses of Docker Engines may be used: a unix socket, or TCP with TLS beyond loopback.
// Refuses what would send the token in clear, and ways to an engine that this release does not speak.
import { isLoopbackHost } from '../net/is-loopback.js';
import type { UrlProblem } from './urls.js';

export type EngineAddress =
  | { readonly kind: 'unix'; readonly url: string }
  | { readonly kind: 'tcp'; readonly url: string; readonly isLoopback: boolean };

const TCP =
  /^tcp:\/\/(?<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]):(?<port>[1-9]\d{0,4})\/?$/i;
const TCP_EXAMPLE = '`tcp://docker.example.com:2376`';

/** Ways to an engine that Docker has and this release has not: what is wrong with each, and what to do. */
const OTHER_WAYS: readonly (readonly [pattern: RegExp, message: string, remedy: string])[] = [
  [
    /^https?:/i,
    'begins with http:// or https://, where Docker writes tcp://',
    `Write for example ${TCP_EXAMPLE}, with \`caFile\`, \`certFile\` and \`keyFile\` beside \`url\`.`,
  ],
  [
    /^ssh:/i,
    'is ssh://, which this release does not speak',
    'Let the engine listen on tcp:// with TLS, or test it by a worker beside it, on its unix:// socket.',
  ],
  [
    /^npipe:/i,
    'is a pipe of Windows, which this release does not speak',
    'Let the engine listen on tcp:// as well: on loopback, or with TLS.',
  ],
  [
    /^fd:/i,
    'is fd://, by which systemd hands the engine its socket, and no address',
    'Name that socket: `unix:///var/run/docker.sock`.',
  ],
];

/** The address in the one form that stands for it, or what is wrong with it. Faults never quote it. */
export function readEngineAddress(text: string): EngineAddress | UrlProblem {
  if (/^unix:\/\/\/[^\s/]/.test(text) && !text.includes('\0')) return { kind: 'unix', url: text };
  if (/^unix:/i.test(text)) {
    return fault('has no absolute path', 'Write three slashes: `unix:///var/run/docker.sock`.');
  }
  if (/^tcp:/i.test(text)) return readTcp(text);
  const other = OTHER_WAYS.find(([pattern]) => pattern.test(text));
  if (other) return fault(other[1], other[2]);
  return fault(
    'is no unix:// socket, nor tcp://host:port',
    `Write for example \`unix:///var/run/docker.sock\`, or ${TCP_EXAMPLE} with its TLS files.`,
  );
}

function readTcp(text: string): EngineAddress | UrlProblem {
  if (text.includes('@')) {
    return fault(
      'holds a user name or password',
      'Remove what stands before @: the worker shows who it is by `certFile` and `keyFile`.',
    );
  }
  const { host, port } = TCP.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535) {
    return fault('has no valid host and port', `Write both and nothing else: ${TCP_EXAMPLE}.`);
  }
  // Host names know no case: two spellings would be two engines.
  return { kind: 'tcp', url: `tcp://${host.toLowerCase()}:${port}`, isLoopback: isLoopbackHost(host) };
}

/** Whether the token would cross a network in clear. */
export function isUnencrypted(address: EngineAddress, hasTls: boolean): boolean {
  return address.kind === 'tcp' && !address.isLoopback && !hasTls;
}

function fault(message: string, remedy: string): UrlProblem {
  return { message, remedy };
}
