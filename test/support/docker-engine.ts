// A Docker Engine for one test run, on images and sockets of its own (root and dockerd are needed).
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../sandbox/child-process.js';
import { engineVersion, type FoundDockerEngine } from '../../sandbox/docker-engine.js';
import { findOnPath } from '../../sandbox/executables.js';
import { freePort } from '../../sandbox/ports.js';
import { runCommand } from '../../sandbox/run-command.js';

/** An engine that we started. */
export interface DockerEngine extends FoundDockerEngine {
  /** `tcp://127.0.0.1:port`, where that was asked for. */
  tcpHost?: string;
  stop: () => Promise<void>;
}

/** How an engine of our own listens on TCP besides its socket, on 127.0.0.1 alone. */
export interface EngineTcp {
  /** Without it in clear; with it clients must show a certificate of the authority. */
  tls?: { caFile: string; certFile: string; keyFile: string };
}

/** How to start an engine of our own. */
export interface EngineOptions {
  /** Its images and its log lie here. */
  stateFolder: string;
  /** Added to its environment, for example the one of ./aws-network.ts. */
  env?: Record<string, string> | undefined;
  tcp?: EngineTcp;
}

/** Whether {@link startDockerEngine} can work here: dockerd is installed, and we are root. */
export function canStartDockerEngine(): boolean {
  return findOnPath(['dockerd']) !== undefined && process.getuid?.() === 0;
}

/**
 * Starts a Docker Engine of our own: images in `stateFolder/docker`, everything else in a short-lived folder. It
 * changes nothing of the machine's network (no bridge, no iptables), so containers have no network, and an image
 * is pulled from a registry on 127.0.0.1 by plain HTTP, which Docker allows for loopback.
 * @throws Error with the last log lines and the remedy
 */
export async function startDockerEngine(options: EngineOptions): Promise<DockerEngine> {
  const dockerd = findOnPath(['dockerd']);
  if (dockerd === undefined || process.getuid?.() !== 0) {
    throw new Error(
      'A Docker Engine of our own needs dockerd and root. Remedy: start your Docker Engine, or (Debian, as root) apt-get install docker.io.',
    );
  }
  // Paths of unix sockets are limited to 107 bytes, and containerd makes long ones below exec-root.
  const runFolder = mkdtempSync(join(process.platform === 'linux' ? '/tmp' : tmpdir(), 'ecr-docker-'));
  const dataFolder = join(options.stateFolder, 'docker');
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const configFile = join(runFolder, 'daemon.json');
  writeFileSync(configFile, '{}'); // the machine's own /etc/docker/daemon.json is not for us
  const dockerHost = `unix://${join(runFolder, 'docker.sock')}`;
  const tcpHost = options.tcp && `tcp://127.0.0.1:${await freePort()}`;
  let version: string | undefined;
  const cleanUp = async (): Promise<void> => {
    endLeftovers(runFolder);
    await unmountBelow([runFolder, dataFolder]);
    rmSync(runFolder, { recursive: true, force: true });
  };
  try {
    const child = await startChild({
      name: 'The Docker Engine (dockerd)',
      command: dockerd,
      args: [
        '--host',
        dockerHost,
        ...tcpArguments(tcpHost, options.tcp),
        '--config-file',
        configFile,
        '--data-root',
        dataFolder,
        '--exec-root',
        join(runFolder, 'exec'),
        '--pidfile',
        join(runFolder, 'docker.pid'),
        // vfs works on every file system, within containers too
        '--storage-driver',
        'vfs',
        '--bridge=none',
        '--iptables=false',
        '--ip6tables=false',
        // should a containerd of the machine be running, dockerd uses that one: keep out of its images
        '--containerd-namespace',
        'ecr-refresh',
        '--containerd-plugins-namespace',
        'ecr-refresh-plugins',
      ],
      // dockerd must reach the registry on 127.0.0.1 directly
      env: { ...withoutProxies(process.env), ...options.env },
      logFile: join(options.stateFolder, 'dockerd.log'),
      ready: async () => (version = await engineVersion(dockerHost)) !== undefined,
      readyWithinMs: 30_000,
      graceMs: 15_000,
      remedy: 'see the log; or use an engine that runs already: set DOCKER_HOST to its unix:// socket',
    });
    return {
      dockerHost,
      ...(tcpHost === undefined ? {} : { tcpHost }),
      version: version ?? '',
      stop: async () => {
        await child.stop();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function tcpArguments(tcpHost: string | undefined, tcp: EngineTcp | undefined): string[] {
  if (tcpHost === undefined) return [];
  const { tls } = tcp ?? {};
  // Said outright: without a word on TLS dockerd waits before it listens in clear, even on loopback.
  if (!tls) return ['--host', tcpHost, '--tls=false'];
  const files = ['--tlscacert', tls.caFile, '--tlscert', tls.certFile, '--tlskey', tls.keyFile];
  return ['--host', tcpHost, '--tlsverify', ...files];
}

function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|no|all)_proxy$/i.test(name)));
}

/**
 * containerd and its shims lead sessions of their own. A dockerd that ends in good order ends them; after a
 * SIGKILL some may be left. They are known by our run folder on their command line.
 */
function endLeftovers(runFolder: string): void {
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [program = '', ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const ours = /containerd/.test(program) && rest.some((argument) => argument.startsWith(runFolder));
      if (ours) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/** dockerd leaves the network namespace of containers with the host's network mounted; it could not be deleted. */
async function unmountBelow(folders: string[]): Promise<void> {
  let mounts: string[];
  try {
    mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  } catch {
    return; // no Linux
  }
  const allowed = mounts.map((line) => line.split(' ')[1] ?? '');
  const ours = allowed.filter((target) => folders.some((folder) => target.startsWith(`${folder}/`)));
  for (const target of ours.toReversed()) await runCommand('umount', ['-l', target], { allowFailure: true });
}
