// The one place that builds adapters and activities from a configuration, for the worker, `refresh-once` and
// `doctor` alike.
import { createActivities, type RefreshActivities } from './activities/index.js';
import type { GrantedAirflow, Targets, TargetsSource } from './activities/targets.js';
import { DailyProofs } from './activities/daily-proofs.js';
import { TokenCache } from './activities/token-cache.js';
import { createAirflow } from './adapters/airflow/airflow.js';
import { AwsSessions } from './adapters/aws/aws-sessions.js';
import { createTokenIssuer } from './adapters/aws/token-issuer.js';
import { createDockerEngine } from './adapters/docker/docker-engine.js';
import { createHttpClient, createLazyClient, type HttpClient } from './adapters/http.js';
import { createRegistryApi } from './adapters/registry/registry.js';
import type { AirflowConfig, RefreshConfig } from './config/refresh-config.js';
import type { ConfigStore } from './config/reload.js';
import { Limit } from './domain/limit.js';
import { registriesInFile } from './domain/registries.js';
import { VERSION } from './version.js';

export interface Composition {
  readonly activities: RefreshActivities;
  readonly source: TargetsSource;
}

/** Each is a handful of requests of the engine to a registry, of up to 15 s each. */
const SIGN_INS_AT_ONCE = 10;

/** What outlives every edit of the configuration. */
interface Lasting {
  readonly http: HttpClient;
  readonly aws: AwsSessions;
}

/** Builds the activities over a configuration that is read again at every run. Opens no connection yet. */
export function compose(configs: ConfigStore): Composition {
  const lasting: Lasting = { http: createHttpClient({ version: VERSION }), aws: new AwsSessions() };
  const now = (): Date => new Date();
  const source = targetsSource(configs, lasting);
  const proofs = new DailyProofs(now);
  const tokens = new TokenCache({
    issuer: createTokenIssuer(lasting.aws),
    registry: createRegistryApi(lasting),
    proofs,
    now,
  });
  return { activities: createActivities(source, tokens, proofs), source };
}

/** Keeps the adapters of a configuration as long as the configuration: sign-ins outlive a run, not an edit. */
function targetsSource(configs: ConfigStore, lasting: Lasting): TargetsSource {
  const built = new WeakMap<RefreshConfig, Targets>();
  function targetsFor(config: RefreshConfig): Targets {
    const targets = built.get(config) ?? buildTargets(config, lasting);
    built.set(config, targets);
    return targets;
  }
  return {
    reread() {
      const { config, problem } = configs.reread();
      return { targets: targetsFor(config), ...(problem === undefined ? {} : { problem }) };
    },
    byHash(configHash) {
      const config = configs.byHash(configHash);
      return config && targetsFor(config);
    },
  };
}

function buildTargets(config: RefreshConfig, lasting: Lasting): Targets {
  return {
    configHash: config.hash,
    airflows: new Map(config.airflows.map((airflow) => [airflow.name, buildAirflow(airflow, lasting)])),
    registries: config.registries,
    registriesInFile: registriesInFile(config.registries),
    engines: new Map(
      config.engines.map(({ required, ...target }) => [
        target.url,
        { engine: createDockerEngine(target), required, limit: new Limit(SIGN_INS_AT_ONCE) },
      ]),
    ),
    ...engineProblemOf(config),
    imagesOf: (host) =>
      config.images.filter(({ registry = host }) => registry === host).map(({ image }) => image),
    schedule: config.schedule,
  };
}

/** Of the warnings about the file, the one that a report without a row of Docker needs. */
function engineProblemOf({ warnings }: RefreshConfig): { engineProblem?: string } {
  const problem = warnings.find(({ path }) => path === 'docker.engines');
  return problem ? { engineProblem: `\`docker.engines\` ${problem.message}` } : {};
}

function buildAirflow(airflow: AirflowConfig, { http: shared, aws }: Lasting): GrantedAirflow {
  const { caFile, connections } = airflow;
  const http = caFile === undefined ? shared : createLazyClient({ version: VERSION, caFile });
  return { api: createAirflow({ ...airflow, http, aws, now: Date.now }), rules: connections };
}
