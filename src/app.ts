// Composition root: builds stores, issuer, verifiers and activities from a configuration, for the worker,
// `refresh-once` and `doctor`.
import type { AllowedConfig, ConfigSource } from './activities/allowed-config.js';
import { Pace } from './activities/pace.js';
import { createActivities, type RefreshActivities } from './activities/index.js';
import { AwsSessions } from './aws/aws-sessions.js';
import { ConfigStore } from './config/config-store.js';
import type { AirflowSettings, RefreshConfig, StoreConfig } from './config/refresh-config.js';
import { AIRFLOWS } from './config/schema/config.js';
import { identifyStores, type StoreSection } from './config/schema/stores.js';
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

/** Clients that are kept when the configuration changes. */
export interface SharedClients {
  readonly http: HttpClient;
  readonly aws: AwsSessions;
}

/** Everything the worker needs to support a kind of store. */
export interface StoreKind {
  /** The value of `StoreConfig.kind`, also shown in reports. */
  readonly kind: string;
  /** Name in messages. */
  readonly title: string;
  /** Section of the configuration file for this kind. */
  readonly section: StoreSection;
  /** Does not connect to the store. */
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
    // The schema section of this kind produces exactly this type.
    const airflow = settings as AirflowSettings;
    const http = createClient(airflow, shared, aws);
    const store = createAirflowStore({ ...airflow, name, http, aws, now: Date.now });
    return { connections: store, variables: store };
  },
};

/** Of an Airflow instance with a CA of its own, or behind AWS; else the shared one. */
function createClient(
  { auth, caFile }: AirflowSettings,
  shared: HttpClient,
  { settings: { requestHandler } }: AwsSessions,
): HttpClient {
  if (auth.kind === 'mwaa') {
    return createHttpClient({ version: VERSION, getHttpsAgent: requestHandler.getHttpsAgent });
  }
  return caFile === undefined ? shared : createHttpClient({ version: VERSION, caFile });
}

export const STORE_KINDS: readonly StoreKind[] = [AIRFLOW];

export interface AppOptions {
  /** Default: `STORE_KINDS`. */
  readonly storeKinds?: readonly StoreKind[];
  /** Environment for references in the configuration. Default: process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called after a changed configuration file has been accepted. */
  readonly onConfigChange?: (config: RefreshConfig, previous: RefreshConfig) => void;
}

/**
 * Builds the activities for a configuration, whose file is read again at every run. Sends no request.
 * @throws RefreshFailure ConfigInvalid when a proxy variable in the environment is invalid
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

/** Keeps clients as long as their configuration: logins are reused across runs, but not after an edit. */
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
    reread(scheduled) {
      const { config, ...rest } = configs.reread(scheduled);
      return { allowed: allow(config), ...rest };
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
    deployments: identifyStores(config.stores),
    variables: new Map(stores.flatMap(({ name, variables }) => (variables ? [[name, variables]] : []))),
    registries: config.registries,
    staticRegistries: staticRegistries(config.registries),
    engines: new Map(
      config.engines.map(({ required, isDefault = false, ...endpoint }) => [
        endpoint.url,
        {
          engine: createDockerEngine(endpoint),
          required,
          isDefault,
          logins: new Semaphore(LOGINS_PER_ENGINE),
        },
      ]),
    ),
    ...findEngineProblem(config),
    requiresDocker: config.requiresDocker,
    getImages: (host) =>
      config.images.filter(({ registry = host }) => registry === host).map(({ image }) => image),
    schedule: config.schedule,
  };
}

function buildStore(config: StoreConfig, clients: SharedClients, kinds: readonly StoreKind[]) {
  const { name, kind, connections, claimed } = config;
  const found = kinds.find((candidate) => candidate.kind === kind);
  // The configuration schema accepts only the listed kinds.
  if (!found) throw new TypeError(`unknown store kind ${kind}`);
  const rules = new ConnectionRules(connections, claimed);
  return { name, kind, title: found.title, rules, pace: new Pace(), ...found.create(config, clients) };
}

/** The warning that explains why a report has no Docker row. */
function findEngineProblem({ warnings }: RefreshConfig): { engineProblem?: string } {
  const problem = warnings.find(({ path }) => path === 'docker.engines');
  if (!problem) return {};
  return { engineProblem: `\`docker.engines\` ${problem.message}. ${problem.remedy.replace(/\.$/, '')}` };
}
