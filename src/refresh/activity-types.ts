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
  /** How many connections the configuration names by id. */
  readonly named: number;
  /** Whether patterns pick connections from the store's list. */
  readonly isListed: boolean;
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

/** Positions in a sequence, from `offset` (0 is the first) on. */
export interface Range {
  readonly offset: number;
  readonly limit: number;
}

/** The connections that one inspection reads. */
export type InspectTarget =
  /** Of those that the configuration names by id, in its order. */
  | { readonly named: Range }
  /** Rows of the store's list: those that a pattern matches. */
  | { readonly listed: Range }
  /** Those that an earlier inspection could not read. */
  | { readonly connections: readonly string[] };

export interface InspectInput {
  readonly configHash: string;
  readonly store: string;
  readonly target: InspectTarget;
  /** How often it was tried before, as another activity. */
  readonly attemptsBefore: number;
}

/** Why one connection was not written, in words that may be shown. */
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

/** What a part of a store's list says about the list. */
export interface ListPart {
  /** Rows in this part, the unreadable ones included. */
  readonly rows: number;
  /** How many rows there are in all, by the store's own statement. */
  readonly total: number;
  /** Id of the first row that could be read. */
  readonly first?: string;
  /** It was read in pieces: their number of rows says nothing about how many the store returns at once. */
  readonly isSplit?: true;
  /** Rows that could not be read, which a further attempt may be able to. */
  readonly toRetry?: readonly ConnectionProblem[];
  /** False where lists leave out fields that decide: each connection is read by itself before it is written. */
  readonly isComplete: boolean;
}

export interface Inspection {
  readonly writable: readonly WritableConnections[];
  readonly refused: readonly ConnectionProblem[];
  /** Connections that could not be read in this attempt, and why: the next may succeed. */
  readonly toRetry: readonly ConnectionProblem[];
  readonly warnings: readonly string[];
  readonly skipped?: Skipped;
  /** Of the target `listed`. */
  readonly list?: ListPart;
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

/** A token of a group, verified with registries. */
export interface ExtractedToken {
  readonly token: TokenInfo;
  /** Registries that have not responded yet. */
  readonly toRetry: readonly string[];
}

export interface UpdateInput {
  readonly configHash: string;
  readonly store: string;
  readonly registry: string;
  /** Name of the token group. */
  readonly group: string;
  readonly connections: readonly string[];
  /** Where in the store's list they were found, for reading them again by one request. */
  readonly listed?: Range;
  /** How often it was tried before, as another activity. */
  readonly attemptsBefore: number;
  /** A connection that was written in this run: where it can be written again, a failure is another one's own. */
  readonly witness?: string;
}

export interface UpdateOutcome {
  readonly written: readonly string[];
  readonly refused: readonly ConnectionProblem[];
  /** Connections that could not be written in this attempt, and why: the next may succeed. */
  readonly toRetry: readonly ConnectionProblem[];
  /** The token that was written: another than the extracted one when another worker wrote. */
  readonly token: TokenInfo;
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

/** How a step is called. */
export interface StepCall {
  /**
   * Attempts that were made before, as calls of their own. 0: a single attempt, short for its kind, since it holds a place
   * within the limits of concurrency; what takes longer is continued by a retry. Else attempts by the step's retry policy,
   * until the deadline of the run.
   */
  readonly attemptsBefore: number;
}

/** The five steps of a run. The workflow and `refresh-once` differ only in how they call them. */
export interface RefreshSteps {
  planRefresh(call: StepCall): Promise<RefreshPlan>;
  inspectConnections(input: InspectInput, call: StepCall): Promise<Inspection>;
  extractToken(input: ExtractInput, call: StepCall): Promise<ExtractedToken>;
  updateConnections(input: UpdateInput, call: StepCall): Promise<UpdateOutcome>;
  testDocker(input: DockerInput, call: StepCall): Promise<DockerLogin>;
}

export type StepName = keyof RefreshSteps;
