// Docker Engines that each fail in a different way, and the message and remedy expected for each.
import { execFileSync } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import {
  createCertificateAuthority,
  type Certificate,
  type CertificateAuthority,
} from '../support/certificate-authority.js';
import type { DockerEngine } from '../support/docker-engine.js';
import { freePort } from '../../sandbox/ports.js';
import type { Cleanup } from '../../sandbox/cleanup.js';
import { answerJson, startServer, type Answer } from '../support/local-server.js';
import { EXPIRED } from '../support/self-signed.js';

export interface FailingEngine {
  readonly what: string;
  /** Its entry in `docker.engines`. */
  readonly setting: string;
  readonly url: string;
  readonly message: string;
  readonly remedy: RegExp;
}

interface Surroundings {
  readonly folder: string;
  readonly authority: CertificateAuthority;
  readonly client: Certificate;
  readonly guarded: DockerEngine;
  readonly plain: DockerEngine;
}

/** Addresses and files of the failing engines. */
export interface FailingParts extends Surroundings {
  readonly otherAuthority: CertificateAuthority;
  readonly stranger: Certificate;
  readonly expiredCa: string;
  readonly sockets: Readonly<Record<'hangs' | 'drops' | 'fails' | 'other' | 'forbidden', string>>;
  readonly ports: Readonly<Record<'expired' | 'free' | 'toPlain', number>>;
  /** More addresses of the guarded engine, since a configuration may list an address only once. */
  readonly toGuarded: readonly number[];
}

/** Starts what they need; each part is added to `stops` as soon as it runs. */
export async function startFailingParts(surroundings: Surroundings, stops: Cleanup): Promise<FailingParts> {
  const { folder, guarded, plain } = surroundings;
  const fake = async (name: string, answer: Answer): Promise<string> => {
    const path = join(folder, `${name}.sock`);
    const { close } = await startServer(answer, path);
    stops.add({ stop: close });
    return path;
  };
  const sockets = {
    hangs: await fake('hangs', () => undefined),
    drops: await fake('drops', (_request, response) => response.destroy()),
    fails: await fake('fails', (_request, response) =>
      answerJson(response, 500, { message: 'unauthorized' }),
    ),
    other: await fake('other', (_request, response) => answerJson(response, 200, { service: 'another' })),
    forbidden: await fake('forbidden', (_request, response) => answerJson(response, 200, {})),
  };
  chmodSync(sockets.forbidden, 0);
  const expiredCa = join(folder, 'expired.pem');
  writeFileSync(expiredCa, EXPIRED.cert, { mode: 0o600 });
  const expired = https.createServer(EXPIRED);
  const otherAuthority = await createCertificateAuthority(join(folder, 'other-tls'));
  return {
    ...surroundings,
    otherAuthority,
    stranger: await otherAuthority.issueClient('worker'),
    expiredCa,
    sockets,
    ports: {
      expired: await listen(expired, stops),
      free: await freePort(),
      toPlain: await relay(plain, stops),
    },
    toGuarded: [
      await relay(guarded, stops),
      await relay(guarded, stops),
      await relay(guarded, stops),
      await relay(guarded, stops),
    ],
  };
}

export function listFailingEngines(parts: FailingParts): FailingEngine[] {
  return [...failingSockets(parts), ...failingTcp(parts), ...failingTls(parts)];
}

function failingSockets({ folder, sockets }: FailingParts): FailingEngine[] {
  const file = join(folder, 'plain-file');
  writeFileSync(file, '');
  const row = (what: string, path: string, message: string, remedy: RegExp): FailingEngine =>
    engine(what, `unix://${path}`, {}, message, remedy);
  return [
    row('no socket', join(folder, 'none.sock'), 'socket not found', /mount its socket/),
    row('a plain file', file, 'not a socket', /path must be a Unix socket/),
    row(
      'a socket without permission',
      sockets.forbidden,
      `permission denied on the socket of group ${nameGroup(sockets.forbidden)}; the worker runs as user ${process.geteuid?.()}`,
      /add this user to (?:that )?group/i,
    ),
    row('an engine that hangs', sockets.hangs, 'timed out after 10 s', /hangs, and restart it/),
    row(
      'an engine that closes connections',
      sockets.drops,
      'the engine closed the connection without a response',
      /happens again/,
    ),
    row('an engine that returns 500', sockets.fails, 'HTTP 500', /returned a server error/),
    row(
      'another service',
      sockets.other,
      'the response is not from a Docker Engine',
      /another service listens there/,
    ),
  ];
}

function failingTcp({ authority, ports, toGuarded }: FailingParts): FailingEngine[] {
  const plainToTls = 'HTTP 400, as an HTTPS server returns for plain HTTP';
  return [
    engine('a closed port', local(ports.free), {}, 'nothing listens there', /`--host`/),
    engine('plain HTTP to a TLS port', local(toGuarded[0]), {}, plainToTls, /expects TLS there/),
    engine(
      'an unknown host',
      'tcp://engine.invalid:2376',
      { caFile: authority.caFile },
      'DNS lookup failed',
      /DNS of the worker/,
    ),
  ];
}

function failingTls(parts: FailingParts): FailingEngine[] {
  const { authority, client, guarded, otherAuthority, stranger, expiredCa, ports, toGuarded } = parts;
  const { caFile } = authority;
  const ours = { certFile: client.certFile, keyFile: client.keyFile };
  const theirs = { certFile: stranger.certFile, keyFile: stranger.keyFile };
  const ofEngine = 'TLS: the certificate of the engine';
  return [
    engine(
      'TLS to a plain port',
      local(ports.toPlain),
      { caFile, ...ours },
      'TLS: the service on this port does not use TLS',
      /on loopback TLS can be omitted/,
    ),
    engine(
      'an unknown CA',
      local(toGuarded[1]),
      { caFile: otherAuthority.caFile, ...ours },
      `${ofEngine} is signed by an unknown CA`,
      /Set `caFile`/,
    ),
    engine(
      'no client certificate',
      local(toGuarded[2]),
      { caFile },
      'TLS: the engine requires a client certificate',
      /Set `certFile`/,
    ),
    engine(
      'a rejected client certificate',
      local(toGuarded[3]),
      { caFile, ...theirs },
      'TLS: the engine rejected the client certificate',
      /--tlscacert/,
    ),
    engine(
      'a certificate for another host',
      (guarded.tcpHost ?? '').replace('127.0.0.1', 'localhost'),
      { caFile, ...ours },
      `${ofEngine} is for another host`,
      /a host of the certificate/,
    ),
    engine(
      'an expired certificate',
      local(ports.expired),
      { caFile: expiredCa },
      `${ofEngine} has expired`,
      /^Renew the certificate of the Docker Engine/,
    ),
  ];
}

function engine(
  what: string,
  url: string,
  files: Readonly<Record<string, string>>,
  message: string,
  remedy: RegExp,
): FailingEngine {
  // JSON is valid YAML.
  return { what, url, setting: JSON.stringify({ url, ...files }), message, remedy };
}

function local(port = 0): string {
  return `tcp://127.0.0.1:${port}`;
}

/** Another TCP address of the engine. */
async function relay({ tcpHost = '' }: DockerEngine, stops: Cleanup): Promise<number> {
  const port = Number(new URL(tcpHost).port);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const upstream = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    for (const { from, to } of [
      { from: socket, to: upstream },
      { from: upstream, to: socket },
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  return await listen(server, stops);
}

async function listen(server: net.Server, stops: Cleanup): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.add({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
  return (server.address() as net.AddressInfo).port;
}

/** As `ls -l` and `id` name it: `docker (998)`. */
function nameGroup(path: string): string {
  const { gid } = statSync(path);
  const name = execFileSync('getent', ['group', String(gid)], { encoding: 'utf8' }).split(':')[0];
  return `${name} (${gid})`;
}
