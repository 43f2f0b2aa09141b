// The one place that builds adapters and activities from a configuration, for the worker, `refresh-once` and
// `doctor` alike.
import { createActivities, type RefreshActivities } from './activities/index.js';
import type { GrantedAirflow, Targets, TargetsSource } from './activities/targets.js';
import { TokenCache } from './activities/token-cache.js';
import { createAirflow } from './adapters/airflow/airflow.js';
import { createDockerEngine } from './adapters/docker-engine.js';
import { createTokenIssuer } from './adapters/ecr.js';
import { createHttpClient, createLazyClient, type HttpClient } from './adapters/http.js';
import { createRegistryApi } from './adapters/registry.js';
import type { AirflowConfig, RefreshConfig } from './config/refresh-config.js';
import type { ConfigStore } from './config/reload.js';
import { VERSION } from './version.js';

export interface Composition {
  readonly activities: RefreshActivities;
  readonly source: TargetsSource;
}

/** Builds the activities over a configuration that is read again at every run. Opens no connection yet. */
export function compose(configs: ConfigStore): Composition {
  const http = createHttpClient({ version: VERSION });
  const source = targetsSource(configs, http);
  const tokens = new TokenCache(createTokenIssuer(), createRegistryApi({ http }), () => new Date());
  return { activities: createActivities(source, tokens), source };
}

/** Keeps the adapters of a configuration as long as the configuration: sign-ins outlive a run, not an edit. */
function targetsSource(configs: ConfigStore, http: HttpClient): TargetsSource {
  const built = new WeakMap<RefreshConfig, Targets>();
  function targetsFor(config: RefreshConfig): Targets {
    const targets = built.get(config) ?? buildTargets(config, http);
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

function buildTargets(config: RefreshConfig, http: HttpClient): Targets {
  return {
    configHash: config.hash,
    airflows: new Map(config.airflows.map((airflow) => [airflow.name, buildAirflow(airflow, http)])),
    registries: config.registries,
    engines: new Map(
      config.engines.map(({ required, ...target }) => [
        target.url,
        { engine: createDockerEngine(target), required },
      ]),
    ),
  };
}

function buildAirflow(airflow: AirflowConfig, shared: HttpClient): GrantedAirflow {
  const { caFile, connections } = airflow;
  const http = caFile === undefined ? shared : createLazyClient({ version: VERSION, caFile });
  return { api: createAirflow({ ...airflow, http, now: Date.now }), rules: connections };
}
