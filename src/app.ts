// The one place that builds adapters and activities from a configuration, for the worker, `refresh-once` and
// `doctor` alike.
import { createActivities, type RefreshActivities } from './activities/index.js';
import type { AllowedStore, AllowedConfig, ConfigSource } from './activities/allowed-config.js';
import { NegativeCheckCache } from './verify/registry/negative-check-cache.js';
import { TokenCache } from './ecr/token-cache.js';
import { createAirflowStore } from './stores/airflow/airflow-store.js';
import { AwsSessions } from './aws/aws-sessions.js';
import { createTokenIssuer } from './ecr/token-issuer.js';
import { createDockerEngine } from './verify/docker/docker-engine.js';
import { createHttpClient, createLazyClient, type HttpClient } from './net/http.js';
import { NetworkError } from './net/network-error.js';
import { createRegistryVerifier } from './verify/registry/probe.js';
import type { AirflowConfig, RefreshConfig } from './config/refresh-config.js';
import type { ConfigStore } from './config/config-store.js';
import { RefreshFailure } from './refresh/failures.js';
import { Semaphore } from './refresh/semaphore.js';
import { staticRegistries } from './refresh/registry-entries.js';
import { VERSION } from './version.js';

export interface App {
  readonly activities: RefreshActivities;
  readonly source: ConfigSource;
}

/** Each is a handful of requests of the engine to a registry, of up to 15 s each. */
const SIGN_INS_AT_ONCE = 10;

/** What outlives every edit of the configuration. */
interface SharedClients {
  readonly http: HttpClient;
  readonly aws: AwsSessions;
}

/** Builds the activities over a configuration that is read again at every run. Opens no connection yet. */
export function createApp(configs: ConfigStore): App {
  const lasting: SharedClients = { http: createSharedHttpClient(), aws: new AwsSessions() };
  const now = (): Date => new Date();
  const source = createConfigSource(configs, lasting);
  const proofs = new NegativeCheckCache(now);
  const tokens = new TokenCache({
    issuer: createTokenIssuer(lasting.aws),
    registry: createRegistryVerifier(lasting),
    proofs,
    now,
  });
  return { activities: createActivities(source, tokens, proofs), source };
}

/** @throws RefreshFailure ConfigInvalid when the environment names a proxy that is none */
function createSharedHttpClient(): HttpClient {
  try {
    return createHttpClient({ version: VERSION });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new RefreshFailure('ConfigInvalid', error.message, error.remedy);
  }
}

/** Keeps the adapters of a configuration as long as the configuration: sign-ins outlive a run, not an edit. */
function createConfigSource(configs: ConfigStore, lasting: SharedClients): ConfigSource {
  const built = new WeakMap<RefreshConfig, AllowedConfig>();
  function allowedConfigFor(config: RefreshConfig): AllowedConfig {
    const allowed = built.get(config) ?? buildAllowedConfig(config, lasting);
    built.set(config, allowed);
    return allowed;
  }
  return {
    reread() {
      const { config, problem } = configs.reread();
      return { allowed: allowedConfigFor(config), ...(problem === undefined ? {} : { problem }) };
    },
    byHash(configHash) {
      const config = configs.byHash(configHash);
      return config && allowedConfigFor(config);
    },
  };
}

function buildAllowedConfig(config: RefreshConfig, lasting: SharedClients): AllowedConfig {
  return {
    configHash: config.hash,
    airflows: new Map(config.airflows.map((airflow) => [airflow.name, buildAirflow(airflow, lasting)])),
    registries: config.registries,
    staticRegistries: staticRegistries(config.registries),
    engines: new Map(
      config.engines.map(({ required, ...target }) => [
        target.url,
        { engine: createDockerEngine(target), required, limit: new Semaphore(SIGN_INS_AT_ONCE) },
      ]),
    ),
    ...engineProblemOf(config),
    getImages: (host) =>
      config.images.filter(({ registry = host }) => registry === host).map(({ image }) => image),
    schedule: config.schedule,
  };
}

/** Of the warnings about the file, the one that a report without a row of Docker needs. */
function engineProblemOf({ warnings }: RefreshConfig): { engineProblem?: string } {
  const problem = warnings.find(({ path }) => path === 'docker.engines');
  return problem ? { engineProblem: `\`docker.engines\` ${problem.message}` } : {};
}

function buildAirflow(airflow: AirflowConfig, { http: shared, aws }: SharedClients): AllowedStore {
  const { caFile, connections } = airflow;
  const http = caFile === undefined ? shared : createLazyClient({ version: VERSION, caFile });
  return { api: createAirflowStore({ ...airflow, http, aws, now: Date.now }), rules: connections };
}
