// Starts the parts of a sandbox in parallel and creates a connection to refresh. If one part fails to start, the others
// are stopped.
import { startAwsStandIn, type AwsStandIn } from './aws.js';
import { Cleanup } from './cleanup.js';
import { findDockerEngine, type FoundDockerEngine } from './docker-engine.js';
import { freePort, releasePort } from './ports.js';
import { startRegistry, type Registry } from './registry.js';
import {
  seedDockerDefault,
  startSandboxAirflow,
  startSandboxStandIn,
  type SandboxAirflow,
} from './sandbox-airflow.js';
import { claimStateFolder } from './state-folder.js';
import { startTemporal, type TemporalServer } from './temporal.js';
import { NAMESPACE, TEMPORAL_PORTS } from './own-temporal.js';

export interface SandboxOptions {
  /** Contains everything that is kept between starts, and the logs. */
  stateFolder: string;
  /** Called with the progress of each part. */
  say: (line: string) => void;
  /** Without Temporal and with the Airflow stand-in: ready within a second. */
  light?: boolean;
}

/** A running sandbox. */
export interface Sandbox {
  aws: AwsStandIn;
  registry: Registry;
  airflow: SandboxAirflow;
  /** Undefined in a light sandbox. */
  temporal: TemporalServer | undefined;
  /** The engine of this machine, if any. */
  docker: FoundDockerEngine | undefined;
  /**
   * Environment variables for a process that uses the sandbox: AWS_*, and DOCKER_HOST, TEMPORAL_ADDRESS and
   * TEMPORAL_NAMESPACE if they apply.
   */
  env: Record<string, string>;
  stop: () => Promise<void>;
}

/** Used if they are free, so that addresses usually stay the same between starts. */
const PREFERRED_PORTS = { ...TEMPORAL_PORTS, airflow: 8080, registry: 5055, aws: 4655 };

/**
 * Starts a sandbox. Only the registry depends on another part: it looks up tokens in the AWS stand-in.
 * @throws Error with the messages of all parts that failed; by then all parts are stopped
 */
export async function startSandbox({ stateFolder, say, light }: SandboxOptions): Promise<Sandbox> {
  const { folder, release } = claimStateFolder(stateFolder);
  const parts = new Cleanup();
  parts.add({ stop: async () => release() });
  const ports = await choosePorts();
  parts.add({ stop: async () => Object.values(ports).forEach(releasePort) });

  const startAwsAndRegistry = async (): Promise<[AwsStandIn, Registry]> => {
    const aws = parts.add(await startAwsStandIn(ports.aws));
    const registry = { tokens: aws, stateFolder: folder, port: ports.registry };
    return [aws, parts.add(await startRegistry(registry))];
  };
  const startAirflow = async (): Promise<SandboxAirflow> => {
    const options = { stateFolder: folder, port: ports.airflow, say };
    return parts.add(await (light ? startSandboxStandIn(ports.airflow) : startSandboxAirflow(options)));
  };
  const startServer = async (): Promise<TemporalServer | undefined> => {
    if (light) return undefined;
    const options = {
      stateFolder: folder,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      namespace: NAMESPACE,
    };
    return parts.add(await startTemporal(options));
  };
  const results = await Promise.allSettled([
    timed('AWS stand-in and registry', say, startAwsAndRegistry()),
    timed('Airflow', say, startAirflow()),
    timed('Temporal', say, startServer()),
    timed('Docker Engine', say, findDockerEngine()),
  ]);
  try {
    const [[aws, registry], airflow, temporal, docker] = allOf(results);
    await seedDockerDefault(airflow, registry.host, aws.mintExpiredToken());
    const env = {
      ...aws.env,
      ...(docker === undefined ? {} : { DOCKER_HOST: docker.dockerHost }),
      ...(temporal === undefined
        ? {}
        : { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace }),
    };
    return { aws, registry, airflow, temporal, docker, env, stop: () => parts.stopAll() };
  } catch (error) {
    await parts.stopAll().catch((stopError: unknown) => say(String(stopError)));
    throw error;
  }
}

async function choosePorts(): Promise<typeof PREFERRED_PORTS> {
  const chosen = { ...PREFERRED_PORTS };
  for (const part of Object.keys(chosen) as (keyof typeof chosen)[]) {
    chosen[part] = await freePort(PREFERRED_PORTS[part]);
  }
  return chosen;
}

async function timed<T>(part: string, say: (line: string) => void, starting: Promise<T>): Promise<T> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1_000).toFixed(1)} s`;
  try {
    const result = await starting;
    say(`${part}: ${result === undefined ? 'not found' : 'ready'} after ${seconds()}`);
    return result;
  } catch (error) {
    say(`${part}: failed after ${seconds()}`);
    throw error;
  }
}

/** Returns the values. @throws Error with the messages of all rejections */
function allOf<T extends unknown[]>(results: { [K in keyof T]: PromiseSettledResult<T[K]> }): T {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (reasons.length > 0) {
    throw new Error(reasons.map((reason) => reason.message).join('\n\n'), { cause: reasons[0] });
  }
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as T;
}
