// What a broken or hostile peer can do with a response.
import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';

/** What a client has to notice: peers have one expected outcome for each. */
export type Effect =
  | 'too large'
  | 'too large, with an error status'
  | 'compressed'
  | 'nested'
  | 'slow'
  | 'endless headers'
  | 'redirect'
  | 'cut off';

export interface Fault {
  readonly title: string;
  readonly effect: Effect;
  readonly play: (response: ServerResponse, options: FaultOptions) => void;
}

export interface FaultOptions {
  /** The body with something nested where the client reads a value. */
  readonly nested: string;
  /** The target of redirects. */
  readonly elsewhere: string;
}

/** As from the peer itself: with the mark of AWS, a response counts as one of AWS. */
const HEADERS = { 'Content-Type': 'application/json', 'x-amzn-RequestId': 'hostile' };
const MIB = 1024 * 1024;
const PART = Buffer.alloc(64 * 1024, ' ');
const DEPTH = 100_000;
const BYTE_EVERY_MS = 20;

export const NESTED_JSON = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
export const NESTED_XML = '<a>'.repeat(DEPTH) + '</a>'.repeat(DEPTH);

/** The real one: a test may advance the timers of the client faster. */
const { setInterval: startInterval } = globalThis;

export const FAULTS: readonly Fault[] = [
  { title: 'an endless body', effect: 'too large', play: (response) => writeBody(response, 200) },
  {
    title: 'an endless body with status 400',
    effect: 'too large, with an error status',
    play: (response) => writeBody(response, 400),
  },
  {
    title: 'a body of 300 MB',
    effect: 'too large',
    play: (response) => writeBody(response, 200, 300 * MIB),
  },
  {
    title: 'a body of 300 kB that is 300 MB when it is decompressed',
    effect: 'compressed',
    play: (response) => {
      const member = gzipSync(Buffer.alloc(MIB));
      response.writeHead(200, { ...HEADERS, 'Content-Encoding': 'gzip' });
      response.end(Buffer.concat(Array.from({ length: 300 }, () => member)));
    },
  },
  {
    title: `a body nested ${DEPTH} deep`,
    effect: 'nested',
    play: (response, { nested }) => response.writeHead(200, HEADERS).end(nested),
  },
  {
    title: 'a body of one byte now and then',
    effect: 'slow',
    play: (response) => {
      response.writeHead(200, HEADERS);
      writeRepeatedly(response, () => response.write(' '));
    },
  },
  {
    title: 'endless headers',
    effect: 'endless headers',
    play: ({ socket }) => {
      socket?.write('HTTP/1.1 200 OK\r\n');
      if (socket) fill(socket, Buffer.from(`x-header: ${'x'.repeat(1000)}\r\n`));
    },
  },
  ...[301, 302, 303, 307, 308].map((status): Fault => ({
    title: `a redirect with ${status}`,
    effect: 'redirect',
    play: (response, { elsewhere }) =>
      response.writeHead(status, { ...HEADERS, Location: elsewhere }).end('{}'),
  })),
  {
    title: 'a body that is cut off',
    effect: 'cut off',
    play: (response) => {
      response.writeHead(200, { ...HEADERS, 'Content-Length': 1000 });
      response.write('{', () => setImmediate(() => response.destroy()));
    },
  },
];

interface Writable extends NodeJS.EventEmitter {
  readonly destroyed: boolean;
  write(part: Buffer): boolean;
}

function writeBody(response: ServerResponse, status: number, length?: number): void {
  response.writeHead(status, length === undefined ? HEADERS : { ...HEADERS, 'Content-Length': length });
  fill(response, PART, length);
}

/** Writes as fast as the client reads. */
function fill(to: Writable, part: Buffer, length = Infinity): void {
  let left = length;
  const write = (): void => {
    while (left > 0 && !to.destroyed) {
      left -= part.length;
      if (!to.write(part)) return;
    }
  };
  to.on('error', () => undefined);
  to.on('drain', write);
  write();
}

function writeRepeatedly(response: ServerResponse, write: () => void): void {
  const timer = startInterval(write, BYTE_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}
