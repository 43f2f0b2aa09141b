// The composition root: the one place that builds stores, issuer, verifiers and activities from a configuration, for the
// worker, `refresh-once` and `doctor`.
import type { AllowedConfig, ConfigSource } from './activities/allowed-config.js';
import { Pace } from './activities/pace.js';
import { createActivities, type RefreshActivities } from './activities/index.js';
import { AwsSessions } from './aws/aws-sessions.js';
import { ConfigStore } from './config/config-store.js';
import type { AirflowSettings, RefreshConfig, StoreConfig } from './config/refresh-config.js';
import { AIRFLOWS } from './config/schema/config.js';
import type { StoreSection } from './config/schema/stores.js';
import { TokenCache } from './ecr/token-cache.js';
import { createTokenIssuer } from './ecr/token-issuer.js';
import { createHttpClient, type HttpClient } from './net/http.js';
import { LOGINS_PER_ENGINE } from './refresh/activity-limits.js';
import { ConnectionRules } from './refresh/connection-rules.js';
import { staticRegistries } from './refresh/registry-entries.js';
import { Semaphore } from './refresh/semaphore.js';
import { createAirflowStore } from './stores/airflow/airflow-store.js';
import type { ConnectionStore, VariableSource } from './stores/port.js';
import { createDockerEngine } from './verify/docker/docker-engine.js';
import { NegativeCheckCache } from './verify/registry/negative-check-cache.js';
import { createTokenVerifier } from './verify/registry/verify-token.js';
import { VERSION } from './version.js';

export interface App {
  readonly activities: RefreshActivities;
  readonly source: ConfigSource;
}

/** What outlives every edit of the configuration. */
export interface SharedClients {
  readonly http: HttpClient;
  readonly aws: AwsSessions;
}

/** A kind of store: everything that this program knows of it. */
export interface StoreKind {
  /** As in the configuration's `StoreConfig.kind` and in reports. */
  readonly kind: string;
  /** In messages. */
  readonly title: string;
  /** Its part of the configuration file. */
  readonly section: StoreSection;
  /** Opens no connection yet. */
  create(
    config: StoreConfig,
    clients: SharedClients,
  ): { readonly connections: ConnectionStore; readonly variables?: VariableSource };
}

const AIRFLOW: StoreKind = {
  kind: 'airflow',
  title: 'Airflow',
  section: AIRFLOWS,
  create({ name, settings }, { http: shared, aws }) {
    // The section of the schema for this kind makes exactly these.
    const airflow = settings as AirflowSettings;
    const { caFile } = airflow;
    const http = caFile === undefined ? shared : createHttpClient({ version: VERSION, caFile });
    const store = createAirflowStore({ ...airflow, name, http, aws, now: Date.now });
    return { connections: store, variables: store };
  },
};

export const STORE_KINDS: readonly StoreKind[] = [AIRFLOW];

export interface AppOptions {
  /** Default: those of this program. */
  readonly storeKinds?: readonly StoreKind[];
  /** Where references of the configuration are looked up. Default: process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called when an edit of the configuration file has been accepted. */
  readonly onConfigChange?: (config: RefreshConfig) => void;
}

/**
 * Builds the activities over a configuration, whose file is read again at every run. Opens no connection yet.
 * @throws RefreshFailure ConfigInvalid when the environment names an invalid proxy
 */
export function createApp(
  config: RefreshConfig,
  { storeKinds = STORE_KINDS, env = process.env, onConfigChange = () => undefined }: AppOptions = {},
): App {
  const storeSections = storeKinds.map(({ section }) => section);
  const configs = new ConfigStore(config, { storeSections, env, onChange: onConfigChange });
  const clients: SharedClients = { http: createHttpClient({ version: VERSION }), aws: new AwsSessions() };
  const now = (): Date => new Date();
  const source = createConfigSource(configs, clients, storeKinds);
  const negativeChecks = new NegativeCheckCache(now);
  const tokens = new TokenCache({
    issuer: createTokenIssuer(clients.aws),
    verify: createTokenVerifier(clients.http, negativeChecks),
    now,
  });
  return { activities: createActivities(source, tokens, negativeChecks), source };
}

/** Keeps the clients of a configuration as long as the configuration: logins outlive a run, not an edit. */
function createConfigSource(
  configs: ConfigStore,
  clients: SharedClients,
  kinds: readonly StoreKind[],
): ConfigSource {
  const built = new WeakMap<RefreshConfig, AllowedConfig>();
  function allow(config: RefreshConfig): AllowedConfig {
    const allowed = built.get(config) ?? buildAllowedConfig(config, clients, kinds);
    built.set(config, allowed);
    return allowed;
  }
  return {
    reread() {
      const { config, problem } = configs.reread();
      return { allowed: allow(config), ...(problem === undefined ? {} : { problem }) };
    },
    byHash(configHash) {
      const config = configs.byHash(configHash);
      return config && allow(config);
    },
  };
}

function buildAllowedConfig(
  config: RefreshConfig,
  clients: SharedClients,
  kinds: readonly StoreKind[],
): AllowedConfig {
  const stores = config.stores.map((store) => buildStore(store, clients, kinds));
  return {
    configHash: config.hash,
    stores: new Map(stores.map((store) => [store.name, store])),
    variables: new Map(stores.flatMap(({ name, variables }) => (variables ? [[name, variables]] : []))),
    registries: config.registries,
    staticRegistries: staticRegistries(config.registries),
    engines: new Map(
      config.engines.map(({ required, ...endpoint }) => [
        endpoint.url,
        { engine: createDockerEngine(endpoint), required, logins: new Semaphore(LOGINS_PER_ENGINE) },
      ]),
    ),
    ...findEngineProblem(config),
    getImages: (host) =>
      config.images.filter(({ registry = host }) => registry === host).map(({ image }) => image),
    schedule: config.schedule,
  };
}

function buildStore(config: StoreConfig, clients: SharedClients, kinds: readonly StoreKind[]) {
  const { name, kind, connections, claimed } = config;
  const found = kinds.find((candidate) => candidate.kind === kind);
  // The configuration's schema has a section for each kind that is listed, and for no other.
  if (!found) throw new TypeError(`no store kind ${kind}`);
  const rules = new ConnectionRules(connections, claimed);
  return { name, kind, title: found.title, rules, pace: new Pace(), ...found.create(config, clients) };
}

/** Of the warnings about the file, the one that a report without a row of Docker needs. */
function findEngineProblem({ warnings }: RefreshConfig): { engineProblem?: string } {
  const problem = warnings.find(({ path }) => path === 'docker.engines');
  return problem ? { engineProblem: `\`docker.engines\` ${problem.message}` } : {};
}
