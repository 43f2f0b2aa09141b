// Owns Docker Engines that fail, each in its own way, and what an operator must be told of each.
import { chmodSync, writeFileSync } from 'node:fs';
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
  /** As an entry of `docker.engines`. */
  readonly setting: string;
  readonly url: string;
  readonly says: string;
  readonly remedy: RegExp;
}

interface Surroundings {
  readonly folder: string;
  readonly authority: CertificateAuthority;
  readonly client: Certificate;
  readonly guarded: DockerEngine;
  readonly plain: DockerEngine;
}

/** Addresses and files that failing engines are made of. */
export interface FailingParts extends Surroundings {
  readonly otherAuthority: CertificateAuthority;
  readonly stranger: Certificate;
  readonly expiredCa: string;
  readonly sockets: Readonly<Record<'hangs' | 'drops' | 'fails' | 'other' | 'forbidden', string>>;
  readonly ports: Readonly<Record<'expired' | 'free' | 'toPlain', number>>;
  /** Addresses of the guarded engine: one engine may stand in a configuration once. */
  readonly toGuarded: readonly number[];
}

/** Starts what they need; each goes into the list as soon as it runs. */
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
  const row = (what: string, path: string, says: string, remedy: RegExp): FailingEngine =>
    engine(what, `unix://${path}`, {}, says, remedy);
  return [
    row('no socket', join(folder, 'none.sock'), 'no socket there', /mount its socket/),
    row('a plain file', file, 'not a socket', /path is that of another file/),
    row('a socket without permission', sockets.forbidden, 'no permission on the socket', /its group/),
    row('one that hangs', sockets.hangs, 'no answer within 10 s', /hangs, and restart it/),
    row(
      'one that drops',
      sockets.drops,
      'the engine closed the connection without a response',
      /does so again/,
    ),
    row('one that fails', sockets.fails, 'answered 500', /returned a server error/),
    row(
      'another service',
      sockets.other,
      'the response is not from a Docker Engine',
      /another service listens there/,
    ),
  ];
}

function failingTcp({ authority, ports, toGuarded }: FailingParts): FailingEngine[] {
  const plainToTls = 'answered 400, as HTTPS does to plain HTTP';
  return [
    engine('nobody', local(ports.free), {}, 'nothing listens there', /`--host`/),
    engine('plain HTTP to a TLS port', local(toGuarded[0]), {}, plainToTls, /expects TLS there/),
    engine(
      'an unknown host',
      'tcp://engine.invalid:2376',
      { caFile: authority.caFile },
      'its host name cannot be resolved',
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
      'TLS: what listens there does not speak it',
      /on loopback TLS may be omitted/,
    ),
    engine(
      'an unknown authority',
      local(toGuarded[1]),
      { caFile: otherAuthority.caFile, ...ours },
      `${ofEngine} is of an unknown authority`,
      /Name by `caFile`/,
    ),
    engine(
      'no client certificate',
      local(toGuarded[2]),
      { caFile },
      'TLS: the engine asks for a client certificate',
      /Name one by `certFile`/,
    ),
    engine(
      'a refused client certificate',
      local(toGuarded[3]),
      { caFile, ...theirs },
      'TLS: the engine rejected the client certificate',
      /--tlscacert/,
    ),
    engine(
      'another host',
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
  says: string,
  remedy: RegExp,
): FailingEngine {
  // JSON is YAML.
  return { what, url, setting: JSON.stringify({ url, ...files }), says, remedy };
}

function local(port = 0): string {
  return `tcp://127.0.0.1:${port}`;
}

/** A further address of an engine on TCP. */
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
