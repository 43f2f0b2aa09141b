// Owns a whole sandbox: starts its parts side by side, seeds the connection, and stops everything again.
// Refuses to half-start: when one part fails, the others are stopped.
import { startAwsStandIn, type AwsStandIn } from './aws.js';
import { findDockerEngine, startDockerEngine, type FoundDockerEngine } from './docker-engine.js';
import { freePort, releasePort } from './ports.js';
import { startRegistry, type Registry } from './registry.js';
import {
  seedDockerDefault,
  startSandboxAirflow,
  type AirflowChoice,
  type SandboxAirflow,
} from './sandbox-airflow.js';
import { claimStateFolder } from './state-folder.js';
import { startTemporal, type TemporalServer } from './temporal.js';

export { SEEDED_CONNECTION, type AirflowChoice, type SandboxAirflow } from './sandbox-airflow.js';

/** What to start. */
export interface SandboxOptions {
  /** Everything that is kept between starts, and the logs. */
  stateFolder: string;
  /** A Temporal development server, or none. */
  temporal: boolean;
  airflow: AirflowChoice;
  /** `find`: use the engine that is there, if any. `start`: one of our own (dockerd, root). */
  docker: 'find' | 'start' | 'none';
  /** Life of the AWS stand-in's tokens; default 43,200 s. */
  tokenLifeSeconds?: number | undefined;
  /** Told of each part's progress. */
  say?: ((line: string) => void) | undefined;
}

/** A running sandbox. */
export interface Sandbox {
  stateFolder: string;
  aws: AwsStandIn;
  registry: Registry;
  airflow: SandboxAirflow;
  temporal: TemporalServer | undefined;
  docker: FoundDockerEngine | undefined;
  /** The private image to pull, once there is a real registry. */
  image: string | undefined;
  /** For a process that shall use the sandbox: AWS_*, and DOCKER_HOST and TEMPORAL_ADDRESS where they apply. */
  env: Record<string, string>;
  /** Stops every part, whatever becomes of the others; throws what went wrong afterwards. */
  stop: () => Promise<void>;
}

/** Tried first, so that addresses usually stay the same; a taken one is replaced by a free one. */
const PREFERRED_PORTS = { temporal: 7233, temporalUi: 8233, airflow: 8080, registry: 5055, aws: 4655 };

/**
 * Starts a sandbox. The parts need nothing of each other but the gate, which asks the AWS stand-in.
 * @throws Error with what every failed part said; nothing is left running then
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { folder: stateFolder, release } = claimStateFolder(options.stateFolder);
  const say = options.say ?? (() => {});
  const stops: (() => Promise<void>)[] = [];
  const started = <T extends { stop: () => Promise<void> }>(part: T): T => {
    stops.push(() => part.stop());
    return part;
  };
  const ports = await choosePorts();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= stopAll(stops).finally(() => {
      Object.values(ports).forEach(releasePort);
      release();
    }));

  const startAwsAndRegistry = async (): Promise<[AwsStandIn, Registry, string | undefined]> => {
    const { tokenLifeSeconds } = options;
    const aws = started(await startAwsStandIn({ tokenLifeSeconds, port: ports.aws }));
    const registry = started(await startRegistry({ aws, stateFolder, port: ports.registry }));
    return [aws, registry, await registry.pushSampleImage?.()];
  };
  const results = await Promise.allSettled([
    timed('AWS stand-in and registry', say, startAwsAndRegistry()),
    timed(
      'Airflow',
      say,
      startSandboxAirflow(options.airflow, { stateFolder, port: ports.airflow }, say).then(started),
    ),
    options.temporal
      ? timed(
          'Temporal',
          say,
          startTemporal({ stateFolder, port: ports.temporal, uiPort: ports.temporalUi }).then(started),
        )
      : undefined,
    timed('Docker Engine', say, prepareDocker(options.docker, stateFolder, started)),
  ]);
  try {
    const [[aws, registry, image], airflow, temporal, docker] = allOf(results);
    await seedDockerDefault(airflow, registry.host, aws);
    const env = {
      ...aws.env,
      ...(docker === undefined ? {} : { DOCKER_HOST: docker.dockerHost }),
      ...(temporal === undefined ? {} : { TEMPORAL_ADDRESS: temporal.address }),
    };
    return { stateFolder, aws, registry, airflow, temporal, docker, image, env, stop };
  } catch (error) {
    await stop().catch((stopError: unknown) => say(String(stopError)));
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

async function prepareDocker(
  choice: SandboxOptions['docker'],
  stateFolder: string,
  started: <T extends { stop: () => Promise<void> }>(part: T) => T,
): Promise<FoundDockerEngine | undefined> {
  if (choice === 'start') return started(await startDockerEngine({ stateFolder }));
  return choice === 'find' ? findDockerEngine() : undefined;
}

async function timed<T>(part: string, say: (line: string) => void, starting: Promise<T>): Promise<T> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1_000).toFixed(1)} s`;
  try {
    const result = await starting;
    say(`${part}: ${result === undefined ? 'none' : 'ready'} after ${seconds()}`);
    return result;
  } catch (error) {
    say(`${part}: failed after ${seconds()}`);
    throw error;
  }
}

/** The values, or one error with all the reasons. */
function allOf<T extends unknown[]>(results: { [K in keyof T]: PromiseSettledResult<T[K]> }): T {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (reasons.length > 0) {
    throw new Error(reasons.map((reason) => reason.message).join('\n\n'), { cause: reasons[0] });
  }
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as T;
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(stops.map((stop) => stop()));
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (failed.length > 0) {
    throw new Error(`Not everything was stopped: ${failed.map((reason) => reason.message).join('; ')}`);
  }
}
