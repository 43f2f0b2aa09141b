// In-memory implementations of the activities' ports that record their calls: Airflow, ECR, registries and a Docker
// Engine.
import { setMaxListeners } from 'node:events';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { RegistryProbe } from '../../src/refresh/activity-types.js';
import type {
  ConnectionStore,
  WriteResult,
  ConnectionPage,
  ListRange,
  OverrideCandidate,
  NewConnection,
  Overrides,
  VariableSource,
} from '../../src/stores/port.js';
import type { DockerEngine } from '../../src/verify/docker/port.js';
import type { IssuedToken, TokenIssuer, VerifyToken } from '../../src/ecr/port.js';
import { ConnectionRules, matches, type ConnectionRule } from '../../src/refresh/connection-rules.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import type { AllowedConfig, AllowedStore, ConfigSource } from '../../src/activities/allowed-config.js';
import { Pace } from '../../src/activities/pace.js';
import { createActivities, type RefreshActivities } from '../../src/activities/index.js';
import { staticRegistries, type RegistryEntry } from '../../src/refresh/registry-entries.js';
import { Semaphore } from '../../src/refresh/semaphore.js';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';
import { DEFAULT_PRINCIPAL, tokenGroup, type TokenGroup } from '../../src/refresh/token-group.js';
import { Secret } from '../../src/log/secret.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { fakeConfig } from './fake-config.js';
import { ENGINE, REGISTRY } from './fake-steps.js';

export const CONFIG_HASH = 'abc123';
export const NOW = new Date('2026-01-01T00:00:00.000Z');
export const EXPIRES_AT = new Date('2026-01-01T12:00:00.000Z');

export function dockerConnection(changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    id: 'docker_default',
    type: 'docker',
    host: REGISTRY,
    login: 'AWS',
    port: null,
    schema: null,
    extra: null,
    description: null,
    ...changes,
  };
}

export function attemptOf(changes: Partial<Attempt> = {}): Attempt {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return {
    runId: 'run-1',
    number: 1,
    limitMs: 60_000,
    signal,
    ...changes,
  };
}

/** A rule for each id. */
export function idRules(ids: readonly string[]): ConnectionRule[] {
  return ids.map((id) => ({ kind: 'id', id, ifMissing: 'fail' }));
}

/** Stores connections and passwords. `calls` has one line per request; `onCall` may throw to make a request fail. */
export class FakeAirflow implements ConnectionStore, VariableSource {
  readonly connections = new Map<string, ConnectionRecord>();
  readonly passwords = new Map<string, string>();
  readonly variables = new Map<string, string>();
  readonly calls: string[] = [];
  /** Result and inputs of `findOverrides`, which is not recorded in `calls`. */
  overrides: Overrides = { backends: [], hidden: [] };
  readonly compared: (readonly OverrideCandidate[])[] = [];
  /** Maximum connections of one bulk request; with 1 there are no bulk requests, as in Airflow 2. */
  atOnce = 1;
  /** Maximum rows of one page, whatever is requested. */
  rowsAtOnce = 100;
  /** Whether lists contain `extra`; those of Airflow 2 do not. */
  isComplete = true;
  /** Ids of rows that a list returns malformed. */
  readonly malformed = new Set<string>();
  /** The total that lists report; default: the actual total. */
  claimedTotal: number | undefined;
  /** Called before each response. Throw to fail the request, return a promise to delay it. */
  onCall: (call: string, id: string) => void | Promise<void> = () => undefined;
  /** The connection in the response to a single write; undefined if it no longer exists. */
  afterWrite: (written: ConnectionRecord) => ConnectionRecord | undefined = (written) => written;

  constructor(connections: readonly ConnectionRecord[] = [dockerConnection()]) {
    for (const connection of connections) this.connections.set(connection.id, connection);
  }

  /** Adds connections that differ from `dockerConnection` by these changes. Replaces a connection with the same id. */
  add(...connections: readonly Partial<ConnectionRecord>[]): void {
    for (const changes of connections) {
      const connection = dockerConnection(changes);
      this.connections.set(connection.id, connection);
    }
  }

  /** Makes calls fail by kind, such as `write`, or by kind and id. */
  failAt(calls: Readonly<Record<string, FailureType>>): void {
    this.onCall = (call, id) => {
      const type = calls[`${call} ${id}`] ?? calls[call];
      if (type) throw new RefreshFailure(type, `${call} ${id} failed`);
    };
  }

  async read(id: string): Promise<ConnectionRecord | undefined> {
    await this.#record('read', id);
    return this.connections.get(id);
  }

  async #writeOne({ id }: ConnectionRecord, password: Secret): Promise<WriteResult> {
    await this.#record('write', id);
    const stored = this.connections.get(id);
    const record = stored && this.afterWrite(stored);
    if (!record) return { id, outcome: 'missing' };
    this.passwords.set(id, password.reveal());
    return { id, outcome: 'written', record };
  }

  /** Sorted by id, as in Airflow. `onCall` receives `list` with `offset+limit pattern`. */
  async readPage({ pattern, offset, limit }: ListRange): Promise<ConnectionPage> {
    await this.#record('list', `${offset}+${limit} ${pattern}`);
    const found = [...this.connections.values()]
      .filter(({ id }) => matches(pattern, id))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const rows = found.slice(offset, offset + Math.min(limit, this.rowsAtOnce));
    return {
      connections: rows
        .filter(({ id }) => !this.malformed.has(id))
        .map((record) => (this.isComplete ? record : { ...record, extra: null })),
      malformed: rows.flatMap(({ id }, index) =>
        this.malformed.has(id) ? [{ position: offset + index, id }] : [],
      ),
      total: this.claimedTotal ?? found.length,
      isComplete: this.isComplete,
    };
  }

  /** `onCall` receives `bulk` with the ids of a request, then `write` with each id. Each call can fail separately. */
  async write(connections: readonly ConnectionRecord[], password: Secret): Promise<readonly WriteResult[]> {
    const [first, ...more] = connections;
    if (first && more.length === 0) return [await this.#writeOne(first, password)];
    if (this.atOnce === 1)
      throw new RefreshFailure('StoreRequestRejected', 'bulk requests are not supported');
    const results: WriteResult[] = [];
    for (let start = 0; start < connections.length; start += this.atOnce) {
      const part = connections.slice(start, start + this.atOnce);
      results.push(...(await this.#writePart(part, password, start === 0)));
    }
    return results;
  }

  async #writePart(
    connections: readonly ConnectionRecord[],
    password: Secret,
    isFirst: boolean,
  ): Promise<readonly WriteResult[]> {
    const ids = connections.map(({ id }) => id);
    try {
      await this.#record('bulk', ids.join(' '));
    } catch (error) {
      if (isFirst || !(error instanceof RefreshFailure)) throw error;
      return ids.map((id) => ({ id, outcome: 'failed', failure: error }));
    }
    return Promise.all(ids.map((id) => this.#writeInBulk(id, password)));
  }

  async #writeInBulk(id: string, password: Secret): Promise<WriteResult> {
    if (!this.connections.has(id)) return { id, outcome: 'missing' };
    try {
      await this.onCall('write', id);
    } catch (error) {
      if (error instanceof RefreshFailure) return { id, outcome: 'failed', failure: error };
      throw error;
    }
    this.passwords.set(id, password.reveal());
    return { id, outcome: 'written' };
  }

  async create(connection: NewConnection, password: Secret): Promise<'created' | 'exists'> {
    const { id, host, description } = connection;
    await this.#record('create', id);
    if (this.connections.has(id)) return 'exists';
    this.connections.set(id, dockerConnection({ id, host, description }));
    this.passwords.set(id, password.reveal());
    return 'created';
  }

  async readVariable(key: string): Promise<string | undefined> {
    await this.#record('variable', key);
    return this.variables.get(key);
  }

  async findOverrides(connections: readonly OverrideCandidate[]): Promise<Overrides> {
    this.compared.push(connections);
    return this.overrides;
  }

  async check(): Promise<string> {
    return 'version 3.3.2';
  }

  #record(call: string, id: string): void | Promise<void> {
    this.calls.push(`${call} ${id}`);
    return this.onCall(call, id);
  }

  /** The arguments of all calls of one kind, such as `read`. */
  callsOf(kind: string): string[] {
    return this.calls
      .filter((call) => call.startsWith(`${kind} `))
      .map((call) => call.slice(kind.length + 1));
  }
}

/** The token group of REGISTRY. */
export const TOKEN_GROUP = tokenGroup(DEFAULT_PRINCIPAL, 'us-east-1', {
  service: 'ecr',
  fips: false,
  dualStack: false,
});

export function issuedToken(password: string, changes: Partial<IssuedToken> = {}): IssuedToken {
  return {
    authorizationToken: new Secret(Buffer.from(`AWS:${password}`).toString('base64')),
    expiresAt: EXPIRES_AT,
    principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
    clockOffsetMs: 0,
    ...changes,
  };
}

/** Issues `password-1`, `password-2` and so on. Set `answer` to issue something else or to throw. */
export class FakeIssuer implements TokenIssuer {
  readonly groups: string[] = [];
  readonly regions: string[] = [];
  answer: (group: string, call: number) => IssuedToken | Promise<IssuedToken> = (_group, call) =>
    issuedToken(`password-${call}`);

  async issueToken({ name, region }: TokenGroup): Promise<IssuedToken> {
    this.groups.push(name);
    this.regions.push(region);
    return this.answer(name, this.groups.length);
  }

  /** The credentials for which a call is waiting. */
  wait: string | undefined;

  describeWait(): string | undefined {
    return this.wait;
  }
}

/**
 * Accepts every password, except at the hosts in `refused` and `unreachable`. Hosts in `credulous` also fail the
 * negative login check.
 */
export class FakeRegistries {
  readonly shown: { readonly host: string; readonly password: string }[] = [];
  readonly images: (readonly string[])[] = [];
  readonly refused = new Set<string>();
  readonly unreachable = new Set<string>();
  readonly credulous = new Set<string>();

  verify: VerifyToken = async (host, password, images) => {
    this.shown.push({ host, password: password.reveal() });
    this.images.push(images);
    return this.#probe(host);
  };

  #probe(host: string): RegistryProbe {
    if (this.refused.has(host)) return { registry: host, outcome: 'rejected', message: '403 DENIED' };
    if (this.unreachable.has(host)) return { registry: host, outcome: 'unreachable', message: 'no route' };
    if (this.credulous.has(host))
      return { registry: host, outcome: 'inconclusive', message: 'accepts any password' };
    return { registry: host, outcome: 'accepted' };
  }
}

/** A configured registry with the default principal. */
export function namedRegistry(changes: Partial<RegistryEntry> = {}): RegistryEntry {
  return {
    name: 'local',
    kind: 'private',
    account: '123456789012',
    region: 'us-east-1',
    principal: DEFAULT_PRINCIPAL,
    fips: false,
    dualStack: false,
    ...changes,
  };
}

export interface FakeCache {
  readonly issuer?: TokenIssuer;
  readonly registry?: Pick<FakeRegistries, 'verify'>;
  readonly now?: () => Date;
}

interface FakeActivities extends FakeCache {
  readonly proofs?: NegativeCheckCache;
}

/** A token cache with fakes, at NOW. */
export function fakeCache(parts: FakeCache = {}): TokenCache {
  const { now = () => NOW } = parts;
  return new TokenCache({
    issuer: parts.issuer ?? new FakeIssuer(),
    verify: (parts.registry ?? new FakeRegistries()).verify,
    now,
  });
}

/** The activities with fakes. */
export function fakeActivities(source: ConfigSource, parts: FakeActivities = {}): RefreshActivities {
  const { now = () => NOW, proofs = new NegativeCheckCache(now) } = parts;
  return createActivities(source, fakeCache(parts), proofs);
}

export class FakeEngine implements DockerEngine {
  readonly signIns: { readonly registry: string; readonly password: string }[] = [];
  onReadVersion: () => void = () => undefined;
  /** Throw to reject a login. */
  onSignIn: (password: string) => void = (password) => {
    if (password === WRONG_PASSWORD) throw new RefreshFailure('DockerLoginRejected', 'rejected');
  };

  async readVersion(): Promise<string> {
    this.onReadVersion();
    return '28.0.0';
  }

  async login(registry: string, password: Secret, _signal: AbortSignal): Promise<void> {
    this.signIns.push({ registry, password: password.reveal() });
    this.onSignIn(password.reveal());
  }
}

/** The store `main`, without rules. */
export function fakeStore(changes: Partial<AllowedStore> = {}): AllowedStore {
  return {
    name: 'main',
    kind: 'airflow',
    title: 'Airflow',
    connections: new FakeAirflow(),
    rules: new ConnectionRules([]),
    pace: new Pace(),
    ...changes,
  };
}

export interface FakeTargets {
  readonly airflow?: ConnectionStore & VariableSource;
  /** Named ids, each with its own rule. */
  readonly connections?: readonly string[];
  readonly rules?: readonly ConnectionRule[];
  /** Rules of earlier stores of the same Airflow instance. */
  readonly deployments?: AllowedConfig['deployments'];
  readonly claimed?: readonly ConnectionRule[];
  readonly engine?: DockerEngine;
  readonly engineRequired?: boolean;
  readonly engineIsDefault?: boolean;
  readonly requiresDocker?: boolean;
  readonly loginsAtOnce?: number;
  readonly engineProblem?: string;
  readonly registries?: AllowedConfig['registries'];
  readonly getImages?: AllowedConfig['getImages'];
  readonly problem?: string;
}

/** A source of one configuration, with the Airflow instance `main` and the engine ENGINE. */
export function fakeSource(options: FakeTargets = {}): ConfigSource {
  const {
    airflow = new FakeAirflow(),
    connections = ['docker_default'],
    engine = new FakeEngine(),
    registries = [],
  } = options;
  const rules = new ConnectionRules(options.rules ?? idRules(connections), options.claimed);
  const allowed: AllowedConfig = {
    configHash: CONFIG_HASH,
    stores: new Map([['main', fakeStore({ connections: airflow, rules })]]),
    deployments: options.deployments ?? [{ name: 'main', deployment: 'https://airflow.example.com' }],
    variables: new Map([['main', airflow]]),
    registries,
    staticRegistries: staticRegistries(registries),
    engines: new Map([
      [
        ENGINE,
        {
          engine,
          required: options.engineRequired ?? true,
          isDefault: options.engineIsDefault ?? false,
          logins: new Semaphore(options.loginsAtOnce ?? 10),
        },
      ],
    ]),
    ...(options.engineProblem === undefined ? {} : { engineProblem: options.engineProblem }),
    requiresDocker: options.requiresDocker ?? false,
    getImages: options.getImages ?? (() => []),
    schedule: fakeConfig().schedule,
  };
  return {
    reread: () => ({ allowed, ...(options.problem === undefined ? {} : { problem: options.problem }) }),
    byHash: (hash) => (hash === CONFIG_HASH ? allowed : undefined),
  };
}
