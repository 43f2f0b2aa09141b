// A TLS server that requires client certificates, in front of Temporal. See tls_front.py.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('tls_front.py', import.meta.url));

export interface TlsFront {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Cuts all connections, and accepts client certificates of this CA from then on. */
  trust(clientCa: string): Promise<void>;
  stop(): Promise<void>;
}

export interface TlsFrontOptions {
  /** `127.0.0.1:PORT`. */
  readonly upstream: string;
  /** Files. */
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

export async function startTlsFront({ upstream, cert, key, clientCa }: TlsFrontOptions): Promise<TlsFront> {
  const upstreamPort = upstream.split(':')[1] ?? '';

  async function start(port: string, ca: string): Promise<{ port: string; stop: () => Promise<void> }> {
    const child = spawn('python3', [SCRIPT, port, upstreamPort, cert, key, ca], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      port: line.toString().trim(),
      stop: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  let server = await start('0', clientCa);
  return {
    address: `127.0.0.1:${server.port}`,
    trust: async (ca) => {
      await server.stop();
      server = await start(server.port, ca);
    },
    stop: () => server.stop(),
  };
}
