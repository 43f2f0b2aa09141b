// Chooses free TCP ports on 127.0.0.1. It does not reserve them: a port is known to be free only when it is chosen.
import { createServer } from 'node:net';

/** Ports that this process has chosen: the parts of a sandbox choose theirs in parallel, before any of them listens. */
const givenOut = new Set<number>();

/**
 * Below the ephemeral ports, which start at 32768 on Linux and at 49152 on macOS. The system could assign one of those
 * to another process before the part listens, which may be seconds later.
 */
const FIRST_PORT = 20_000;
const PORTS_OF_A_PROCESS = 64;
const PROCESSES = 199;

/** Processes that choose ports at the same time start at different ones. */
let chosen = (process.pid % PROCESSES) * PORTS_OF_A_PROCESS;

function nextPort(): number {
  chosen += 1;
  return FIRST_PORT + (chosen % (PROCESSES * PORTS_OF_A_PROCESS));
}

/**
 * A TCP port on which no process listens at 127.0.0.1.
 * @param preferred used if it is free, so that addresses stay the same between starts
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
  throw new Error('No free TCP port found on 127.0.0.1 in 50 attempts.');
}

/** Makes a port available again after its server has stopped, so that a restart in the same process can reuse it. */
export function releasePort(port: number): void {
  givenOut.delete(port);
}

/** Binds the port and releases it. Returns undefined if it could not be bound. */
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
