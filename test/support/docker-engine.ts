// Starts a separate Docker Engine for tests, with its own images and sockets. Requires root and dockerd.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../sandbox/child-process.js';
import { engineVersion, type FoundDockerEngine } from '../../sandbox/docker-engine.js';
import { findOnPath } from '../../sandbox/executables.js';
import { freePort } from '../../sandbox/ports.js';
import { runCommand } from '../../sandbox/run-command.js';

/** A started engine. */
export interface DockerEngine extends FoundDockerEngine {
  /** `tcp://127.0.0.1:port`, if requested. */
  tcpHost?: string;
  stop: () => Promise<void>;
}

/** Makes the engine listen on TCP in addition to its socket, on 127.0.0.1 only. */
export interface EngineTcp {
  /** Unencrypted if omitted; otherwise clients need a certificate of this CA. */
  tls?: { caFile: string; certFile: string; keyFile: string };
}

export interface EngineOptions {
  /** Contains its images and log. */
  stateFolder: string;
  /** Added to its environment, for example that of ./aws-network.ts. */
  env?: Record<string, string> | undefined;
  tcp?: EngineTcp;
}

/** Whether {@link startDockerEngine} works here: dockerd is installed, and this process runs as root. */
export function canStartDockerEngine(): boolean {
  return findOnPath(['dockerd']) !== undefined && process.getuid?.() === 0;
}

/**
 * Starts a Docker Engine with its images in `stateFolder/docker` and everything else in a temporary folder. It does not
 * change the machine's network (no bridge, no iptables), so containers have no network. Images are pulled from a
 * registry on 127.0.0.1 over plain HTTP, which Docker allows for loopback.
 * @throws Error with the last log lines and a fix
 */
export async function startDockerEngine(options: EngineOptions): Promise<DockerEngine> {
  const dockerd = findOnPath(['dockerd']);
  if (dockerd === undefined || process.getuid?.() !== 0) {
    throw new Error(
      'A Docker Engine for tests requires dockerd and root. Fix: Start a Docker Engine, or install one and run as root (Debian: apt-get install docker.io).',
    );
  }
  // Paths of unix sockets are limited to 107 bytes, and containerd creates long ones in exec-root.
  const runFolder = mkdtempSync(join(process.platform === 'linux' ? '/tmp' : tmpdir(), 'ecr-docker-'));
  const dataFolder = join(options.stateFolder, 'docker');
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const configFile = join(runFolder, 'daemon.json');
  writeFileSync(configFile, '{}'); // instead of the machine's /etc/docker/daemon.json
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
        // vfs works on every file system, also in containers
        '--storage-driver',
        'vfs',
        '--bridge=none',
        '--iptables=false',
        '--ip6tables=false',
        // dockerd uses the machine's containerd if it is running: use separate namespaces there
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
      remedy: 'Check the log, or set DOCKER_HOST to the unix:// socket of a running engine.',
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
  // Explicit, because without a TLS option dockerd waits before it listens unencrypted, even on loopback.
  if (!tls) return ['--host', tcpHost, '--tls=false'];
  const files = ['--tlscacert', tls.caFile, '--tlscert', tls.certFile, '--tlskey', tls.keyFile];
  return ['--host', tcpHost, '--tlsverify', ...files];
}

function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|no|all)_proxy$/i.test(name)));
}

/**
 * containerd and its shims run in their own sessions. dockerd stops them when it exits normally; after a SIGKILL some
 * may remain. Their command lines contain the run folder.
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

/** dockerd leaves network namespaces of containers with the host's network mounted, and they could not be deleted. */
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
