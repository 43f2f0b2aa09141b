// The choice of free TCP ports on 127.0.0.1. It reserves nothing: a port is free when it is asked for.
import { createServer } from 'node:net';

/** Ports given out by this process: the parts of a sandbox choose theirs side by side, before any of them listens. */
const givenOut = new Set<number>();

/**
 * Below the ports that the system itself gives to clients and to servers that ask for any: 32768 and up on Linux, 49152 on
 * macOS. One of those could be taken again by anyone before the part listens, which may be seconds later.
 */
const FIRST_PORT = 20_000;
const PORTS_OF_A_PROCESS = 64;
const PROCESSES = 199;

/** Processes that choose ports at the same time begin at different ones. */
let chosen = (process.pid % PROCESSES) * PORTS_OF_A_PROCESS;

function nextPort(): number {
  chosen += 1;
  return FIRST_PORT + (chosen % (PROCESSES * PORTS_OF_A_PROCESS));
}

/**
 * A TCP port that nobody listens on at 127.0.0.1.
 * @param preferred taken when it is free, so that addresses stay the same from one start to the next
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && !givenOut.has(preferred) && (await tryPort(preferred)) !== undefined) {
    givenOut.add(preferred);
    return preferred;
  }
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = nextPort();
    if (!givenOut.has(port) && (await tryPort(port)) !== undefined) {
      givenOut.add(port);
      return port;
    }
  }
  throw new Error('No free TCP port on 127.0.0.1 was found in 50 attempts.');
}

/** Gives a port back once what used it has stopped, so that a restart in the same process may have it again. */
export function releasePort(port: number): void {
  givenOut.delete(port);
}

/** The port that was bound and let go again, or undefined when it could not be bound. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
