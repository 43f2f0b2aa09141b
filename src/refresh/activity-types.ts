// Owns the shapes that pass between the flow of a run and its five steps: plain JSON, additive changes only,
// since they are written into Temporal histories. Refuses secrets: names, counts, times and fingerprints alone.
import type { FailureType, Scope } from './failures.js';

/** A store of the configuration. */
export interface PlannedStore {
  readonly name: string;
  /** Such as `airflow`. */
  readonly kind: string;
  /** The kind in messages, such as `Airflow`. */
  readonly title: string;
}

/** What the configuration asks for, read from the file at the start of a run. */
export interface RefreshPlan {
  readonly configHash: string;
  readonly stores: readonly PlannedStore[];
  readonly engines: readonly string[];
  /** Set when the file is invalid and the plan comes from the last good configuration. */
  readonly configProblem?: string;
  /** Why there is no default Docker Engine, where DOCKER_HOST names one that cannot be used. */
  readonly engineProblem?: string;
}

export interface InspectInput {
  readonly configHash: string;
  readonly store: string;
  /** From 0. Follow `nextPage` of the answer until it is null. */
  readonly page: number;
}

/** Why one connection is not written, in words that may be shown. */
export interface ConnectionProblem {
  readonly connection: string;
  readonly type: FailureType;
  readonly scope: Scope;
  readonly message: string;
  readonly remedy: string;
}

/** Connections that one registry's token may be written to. */
export interface WritableConnections {
  readonly registry: string;
  readonly group: string;
  readonly connections: readonly string[];
  /** Those of the connections that are missing, and are made with the token. */
  readonly toCreate?: readonly string[];
}

/** Connections that match a pattern and are of no known registry: no failure, for a pattern may be wide. */
export interface Skipped {
  readonly count: number;
  /** The first few. */
  readonly first: readonly string[];
}

export interface Inspection {
  readonly writable: readonly WritableConnections[];
  readonly refused: readonly ConnectionProblem[];
  readonly warnings: readonly string[];
  readonly nextPage: number | null;
  readonly skipped?: Skipped;
  /** Why a page of Airflow's list could not be read, while Airflow is well otherwise. */
  readonly unreadable?: Omit<ConnectionProblem, 'connection'>;
}

export interface ExtractInput {
  readonly configHash: string;
  /** Name of the token group: `default/us-east-1`. */
  readonly group: string;
  /** Registry hosts that the token is to be shown to. All must belong to the group. */
  readonly registries: readonly string[];
}

/** `inconclusive`: the registry accepts a wrong password too, or none at all, so that its yes proves nothing. */
export type ProbeOutcome = 'accepted' | 'inconclusive' | 'rejected' | 'unreachable';

export interface RegistryProbe {
  readonly registry: string;
  readonly outcome: ProbeOutcome;
  /** What the registry answered, or why it could not be asked; absent when it accepted. */
  readonly message?: string;
  /** Of a refusal: which, and what to do, where it is not `TokenRejected` with the remedy of the catalogue. */
  readonly type?: FailureType;
  readonly remedy?: string;
  /** Whether images may be pulled, where the configuration names some. */
  readonly pulls?: readonly PullProbe[];
}

/** What the registry said when it was asked for the manifest of an image. */
export interface PullProbe {
  readonly image: string;
  /** `missing`: it has no such image, so that nothing is proven. `unknown`: it could not be asked. */
  readonly outcome: 'allowed' | 'denied' | 'missing' | 'unknown';
  /** Absent when the pull is allowed. */
  readonly message?: string;
}

export interface TokenInfo {
  readonly group: string;
  readonly region: string;
  readonly principalArn: string | null;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly fingerprint: string;
  readonly probes: readonly RegistryProbe[];
  /** Until when it can be relied on, where that is before it expires: the AWS session behind it ends then. */
  readonly usableUntil?: string;
  /** What is to be known of the token beside that, in words that may be shown. */
  readonly warnings?: readonly string[];
}

export interface UpdateInput {
  readonly configHash: string;
  readonly store: string;
  readonly registry: string;
  /** Name of the token group. */
  readonly group: string;
  readonly connections: readonly string[];
}

export interface UpdateOutcome {
  readonly refreshed: readonly string[];
  readonly failed: readonly ConnectionProblem[];
  readonly fingerprint: string;
  readonly expiresAt: string;
  /** The token that was written: another than the extracted one when another worker wrote. */
  readonly token: TokenInfo;
  /** Where attempts wrote different tokens: those beside `token`, which is the one that expires first. */
  readonly otherTokens?: readonly TokenInfo[];
}

export interface DockerInput {
  readonly configHash: string;
  readonly engine: string;
  readonly registry: string;
  /** Name of the token group. */
  readonly group: string;
}

export interface DockerLogin {
  readonly engine: string;
  /** Version of the engine; null when there is none. */
  readonly version: string | null;
  readonly registry: string;
  /**
   * `none`: no engine is there, and none was asked for in the configuration; or, with a version, it was not tried.
   * `inconclusive`: the engine signs in with a
   * wrong password, too.
   */
  readonly login: 'ok' | 'inconclusive' | 'none';
  /** Of `none`: why the engine was not reached, or the sign-in not tried. */
  readonly reason?: string;
  readonly fingerprint: string | null;
}

/** The five steps of a run. The workflow and `refresh-once` differ only in how they call them. */
export interface RefreshSteps {
  planRefresh(): Promise<RefreshPlan>;
  inspectConnections(input: InspectInput): Promise<Inspection>;
  extractToken(input: ExtractInput): Promise<TokenInfo>;
  updateConnections(input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(input: DockerInput): Promise<DockerLogin>;
}

export type StepName = keyof RefreshSteps;
