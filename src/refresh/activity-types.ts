// Inputs and results of the five steps of a run. They are stored in Temporal histories, so they must contain no
// secrets, and changes must be backward compatible.
import type { FailureInfo, FailureType, Scope } from './failures.js';
import type { Remedy } from './remedies/remedy.js';
import type { ScheduledStore } from './scheduled-stores.js';

/** A store of the configuration. */
export interface PlannedStore {
  readonly name: string;
  /** For example `airflow`. */
  readonly kind: string;
  /** The kind as shown in messages, for example `Airflow`. */
  readonly title: string;
  /** Number of connections that the configuration names by id. */
  readonly named: number;
  /** Whether patterns select connections from the store's list. */
  readonly isListed: boolean;
}

/** What the schedule that started the run says. */
export interface PlanInput {
  /** Absent for a run that no schedule started, or when the schedule has lost them. */
  readonly scheduledStores?: readonly ScheduledStore[];
}

/** The plan of a run, from the configuration file that is read at its start. */
export interface RefreshPlan {
  readonly configHash: string;
  readonly stores: readonly PlannedStore[];
  readonly engines: readonly string[];
  /** Set when the file cannot be used and the plan comes from the last good configuration. */
  readonly configProblem?: string;
  /** The fix of this problem, where it is not that of the catalogue. */
  readonly configRemedy?: Remedy;
  readonly warnings?: readonly string[];
  /** Why the Docker Engine in DOCKER_HOST cannot be used. */
  readonly engineProblem?: string;
  /** A run in which the login from Docker is not tested, or its test is inconclusive, fails. */
  readonly requiresDocker?: true;
}

/** Positions in a sequence, beginning at `offset` (0 is the first). */
export interface Range {
  readonly offset: number;
  readonly limit: number;
}

/** The connections that one inspection reads. */
export type InspectTarget =
  /** Connections that the configuration names by id, in its order. */
  | { readonly named: Range }
  /** Rows of the store's list that match a pattern. */
  | { readonly listed: Range }
  /** Connections that an earlier inspection could not read. */
  | { readonly connections: readonly string[] };

export interface InspectInput {
  readonly configHash: string;
  readonly store: string;
  readonly target: InspectTarget;
  /** Number of earlier attempts by other activities. */
  readonly attemptsBefore: number;
}

/** Why one connection was not written. */
export interface ConnectionProblem {
  readonly connection: string;
  readonly type: FailureType;
  readonly scope: Scope;
  readonly message: string;
  readonly remedy: Remedy;
}

/** Connections that may receive the token of one registry. */
export interface WritableConnections {
  readonly registry: string;
  readonly group: string;
  readonly connections: readonly string[];
  /** Missing connections, which are created with the token. */
  readonly toCreate?: readonly string[];
}

/** Connections that match a pattern but have no known registry. Not a failure, because a pattern may be wide. */
export interface Skipped {
  readonly count: number;
  /** The first few. */
  readonly first: readonly string[];
}

/** One page of a store's list. */
export interface ListPart {
  /** Rows in this page, including unreadable ones. */
  readonly rows: number;
  /** Total number of rows, as returned by the store. */
  readonly total: number;
  /** Id of the first row that could be read. */
  readonly first?: string;
  /** The page was read in pieces: its number of rows does not show how many the store returns at once. */
  readonly isSplit?: true;
  /** Rows that could not be read; a further attempt may succeed. */
  readonly toRetry?: readonly ConnectionProblem[];
  /** False when the list omits required fields: each connection is then read separately before it is written. */
  readonly isComplete: boolean;
}

export interface Inspection {
  readonly writable: readonly WritableConnections[];
  readonly refused: readonly ConnectionProblem[];
  /** Connections that could not be read in this attempt; a further attempt may succeed. */
  readonly toRetry: readonly ConnectionProblem[];
  readonly warnings: readonly string[];
  readonly skipped?: Skipped;
  /** Only for the target `listed`. */
  readonly list?: ListPart;
}

export interface ExtractInput {
  readonly configHash: string;
  /** Name of the token group, for example `default/us-east-1`. */
  readonly group: string;
  /** Registry hosts to verify the token with. All must belong to the group. */
  readonly registries: readonly string[];
}

/** `inconclusive`: the registry accepts any password or allows anonymous access, so acceptance proves nothing. */
export type ProbeOutcome = 'accepted' | 'inconclusive' | 'rejected' | 'unreachable';

export interface RegistryProbe {
  readonly registry: string;
  readonly outcome: ProbeOutcome;
  /** The response of the registry, or why the token could not be verified; absent when the registry accepted it. */
  readonly message?: string;
  /** Of a rejection: failure type and remedy, if it is not `TokenRejected` with the remedy of the catalogue. */
  readonly type?: FailureType;
  readonly remedy?: Remedy;
  /** Pull checks of the images in the configuration. */
  readonly pulls?: readonly PullProbe[];
}

/** The response of the registry to a request for the manifest of an image. */
export interface PullProbe {
  readonly image: string;
  /** `missing`: there is no such image, so pull access was not verified. `unknown`: no usable response. */
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
  /** The end of the AWS session behind the token, if that is before `expiresAt`. */
  readonly usableUntil?: string;
  /** Whether tokens of the group outlive their session, if this run has found out. */
  readonly outlivesSession?: boolean;
  readonly warnings?: readonly string[];
  /** A warning that applies only if the token ends with its session. */
  readonly sessionWarning?: string;
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
  /** The page of the store's list that contained them, so that one request can read them again. */
  readonly listed?: Range;
  /** Number of earlier attempts by other activities. */
  readonly attemptsBefore: number;
  /** A connection already written in this run. If it can be written again, others cause the failure. */
  readonly witness?: string;
}

export interface UpdateOutcome {
  readonly written: readonly string[];
  readonly refused: readonly ConnectionProblem[];
  /** Connections that could not be written in this attempt; a further attempt may succeed. */
  readonly toRetry: readonly ConnectionProblem[];
  /** The token that was written. It differs from the extracted one when another worker wrote it. */
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
  /** Version of the engine; null when there is no engine. */
  readonly version: string | null;
  readonly registry: string;
  /**
   * `none`: there is no engine, and the configuration does not require one; or, with a version, the login was not
   * tried. `inconclusive`: the registry also accepts a wrong password.
   */
  readonly login: 'ok' | 'inconclusive' | 'none';
  /** Only for `none`: why the engine was not reached, or the login was not tried. */
  readonly reason?: string;
  /** Only for `none` without a version: the engine was looked for by default, and no one named it. */
  readonly isDefault?: true;
  readonly fingerprint: string | null;
}

export interface StepCall {
  /**
   * Number of attempts in earlier, separate calls. 0: a single, short attempt, because it counts towards the
   * concurrency limits; a retry continues what takes longer. Otherwise the step is attempted by its retry policy until
   * the deadline of the run.
   */
  readonly attemptsBefore: number;
  /** What these attempts ended with; absent before the first failure. */
  readonly earlier?: EarlierAttempts;
}

/** The failures of a step that is being retried. */
export interface EarlierAttempts {
  /** When the first of them failed, in milliseconds of the epoch. */
  readonly failingSinceMs: number;
  /** The failure of the last of them. */
  readonly failure: FailureInfo;
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
