// Owns in-memory stand-ins of the ports of the activities: an Airflow, an ECR, registries and a Docker Engine that
// do as they are told and note what they were asked.
import type { StoredConnection } from '../../src/domain/connection.js';
import type { RegistryProbe } from '../../src/domain/steps.js';
import type {
  AirflowApi,
  DockerEngine,
  IssuedToken,
  RegistryApi,
  TokenIssuer,
} from '../../src/activities/ports.js';
import type { Targets, TargetsSource } from '../../src/activities/targets.js';
import { Secret } from '../../src/secret.js';
import type { Attempt } from '../../src/activities/attempt.js';
import { ENGINE, REGISTRY } from './fake-steps.js';

export const CONFIG_HASH = 'abc123';
export const NOW = new Date('2026-01-01T00:00:00.000Z');
export const EXPIRES_AT = new Date('2026-01-01T12:00:00.000Z');

export function dockerConnection(changes: Partial<StoredConnection> = {}): StoredConnection {
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
  return { runId: 'run-1', number: 1, signal: new AbortController().signal, ...changes };
}

/** Keeps connections and passwords; `calls` has one line per request, `onCall` may throw instead of answering. */
export class FakeAirflow implements AirflowApi {
  readonly connections = new Map<string, StoredConnection>();
  readonly passwords = new Map<string, string>();
  readonly calls: string[] = [];
  /** Called before each answer; throw here to let a request fail. */
  onCall: (call: string, id: string) => void = () => undefined;
  /** What Airflow says that it has after a write; undefined when the connection is gone. */
  afterWrite: (written: StoredConnection) => StoredConnection | undefined = (written) => written;

  constructor(connections: readonly StoredConnection[] = [dockerConnection()]) {
    for (const connection of connections) this.connections.set(connection.id, connection);
  }

  async readConnection(id: string): Promise<StoredConnection | undefined> {
    this.#note('read', id);
    return this.connections.get(id);
  }

  async writePassword(connection: StoredConnection, password: Secret): Promise<StoredConnection | undefined> {
    this.#note('write', connection.id);
    this.passwords.set(connection.id, password.reveal());
    return this.afterWrite(connection);
  }

  async readVersion(): Promise<string> {
    return '3.3.2';
  }

  #note(call: string, id: string): void {
    this.calls.push(`${call} ${id}`);
    this.onCall(call, id);
  }
}

export function issuedToken(password: string, changes: Partial<IssuedToken> = {}): IssuedToken {
  return {
    authorizationToken: new Secret(Buffer.from(`AWS:${password}`).toString('base64')),
    expiresAt: EXPIRES_AT,
    principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
    ...changes,
  };
}

/** Issues `password-1`, `password-2` and so on; `answer` may say otherwise, or throw. */
export class FakeIssuer implements TokenIssuer {
  readonly regions: string[] = [];
  answer: (region: string, call: number) => IssuedToken | Promise<IssuedToken> = (_region, call) =>
    issuedToken(`password-${call}`);

  async issueToken(region: string): Promise<IssuedToken> {
    this.regions.push(region);
    return this.answer(region, this.regions.length);
  }
}

/** Accepts every password; `refused` and `unreachable` name hosts that do not. */
export class FakeRegistries implements RegistryApi {
  readonly shown: { readonly host: string; readonly password: string }[] = [];
  readonly refused = new Set<string>();
  readonly unreachable = new Set<string>();

  async probe(host: string, password: Secret): Promise<RegistryProbe> {
    this.shown.push({ host, password: password.reveal() });
    if (this.refused.has(host)) return { registry: host, outcome: 'refused', message: '403 DENIED' };
    if (this.unreachable.has(host)) return { registry: host, outcome: 'unreachable', message: 'no route' };
    return { registry: host, outcome: 'accepted' };
  }
}

export class FakeEngine implements DockerEngine {
  readonly signIns: { readonly registry: string; readonly password: string }[] = [];
  onReadVersion: () => void = () => undefined;
  onSignIn: () => void = () => undefined;

  async readVersion(): Promise<string> {
    this.onReadVersion();
    return '28.0.0';
  }

  async signIn(registry: string, password: Secret): Promise<void> {
    this.signIns.push({ registry, password: password.reveal() });
    this.onSignIn();
  }
}

export interface FakeTargets {
  readonly airflow?: AirflowApi;
  readonly connections?: readonly string[];
  readonly engine?: DockerEngine;
  readonly engineRequired?: boolean;
  readonly registries?: Targets['registries'];
  readonly problem?: string;
}

/** One configuration: airflow `main`, engine ENGINE. */
export function fakeSource(options: FakeTargets = {}): TargetsSource {
  const {
    airflow = new FakeAirflow(),
    connections = ['docker_default'],
    engine = new FakeEngine(),
  } = options;
  const targets: Targets = {
    configHash: CONFIG_HASH,
    airflows: new Map([['main', { api: airflow, connections }]]),
    registries: options.registries ?? [],
    engines: new Map([[ENGINE, { engine, required: options.engineRequired ?? true }]]),
  };
  return {
    reread: () => ({ targets, ...(options.problem === undefined ? {} : { problem: options.problem }) }),
    byHash: (hash) => (hash === CONFIG_HASH ? targets : undefined),
  };
}
