// The refresh of one store. Named connections and the list are read in parallel; each page is written as soon as its
// token is available.
import type {
  ConnectionProblem,
  Inspection,
  InspectTarget,
  PlannedStore,
  Range,
  RefreshSteps,
  Skipped,
  UpdateOutcome,
  WritableConnections,
} from './activity-types.js';
import { toChunks } from './chunks.js';
import { retryConnections } from './connection-retries.js';
import { describeSkipped } from './connection-rules.js';
import type { FailureInfo } from './failures.js';
import { walkList } from './list-walk.js';
import { toRejection } from './registry-probe.js';
import type { ReportBuilder } from './report-builder.js';
import { Semaphore } from './semaphore.js';
import {
  ATTEMPTS_BEFORE_SPLIT,
  CONNECTIONS_PER_UPDATE,
  CONNECTIONS_PER_UPDATE_ONE_BY_ONE,
  NAMED_PER_INSPECTION,
  READS_AT_ONCE,
  UPDATES_AT_ONCE,
} from './store-limits.js';
import { toFailure, type Step, type StepContext, type StepRunner } from './step-runner.js';
import type { TokenRequests } from './token-requests.js';
import { Witnesses } from './witnesses.js';

export interface StoreRunParts {
  readonly configHash: string;
  readonly steps: RefreshSteps;
  readonly runner: StepRunner;
  readonly record: ReportBuilder;
  readonly tokens: TokenRequests;
  readonly context: StepContext;
  /** Called each time after connections of a registry were written. */
  onWritten(part: WritableConnections): void;
}

export class StoreRun {
  readonly #store: PlannedStore;
  readonly #parts: StoreRunParts;
  /** Named connections and the list have separate limits, so that neither waits for the other. */
  readonly #namedReads = new Semaphore(READS_AT_ONCE);
  readonly #listReads = new Semaphore(READS_AT_ONCE);
  readonly #writes = new Semaphore(UPDATES_AT_ONCE);
  readonly #pending: Promise<void>[] = [];
  /** Connections found, writable or not. A list that changes while it is read may contain a connection twice. */
  readonly #found = new Set<string>();
  /** The key is the offset of the page, because a page may be read more than once; without a page, the inspection. */
  readonly #skipped = new Map<number | Inspection, Skipped>();
  /** Connections that are retried separately: a page that is read again contains them again. */
  readonly #retried = new Set<string>();
  readonly #witnesses = new Witnesses();
  #isEmpty = true;

  constructor(store: PlannedStore, parts: StoreRunParts) {
    this.#store = store;
    this.#parts = parts;
  }

  async refresh(): Promise<void> {
    await Promise.all([this.#readNamed(), this.#readList()]);
    // A retried read starts further updates.
    while (this.#pending.length > 0) await Promise.all(this.#pending.splice(0));
    const { name, title } = this.#store;
    const { record } = this.#parts;
    const warning = describeSkipped(name, [...this.#skipped.values()]);
    if (warning !== undefined) record.warn(warning);
    // A pattern with a typo matches nothing, and a run without connections would look healthy.
    if (this.#isEmpty) record.warn(`${title} ${name} has no matching connection to refresh.`);
  }

  async #readNamed(): Promise<void> {
    const reads: Promise<unknown>[] = [];
    for (let offset = 0; offset < this.#store.named; offset += NAMED_PER_INSPECTION) {
      reads.push(this.#inspect({ named: { offset, limit: NAMED_PER_INSPECTION } }));
    }
    await Promise.all(reads);
  }

  async #readList(): Promise<void> {
    if (!this.#store.isListed) return;
    const { context, record } = this.#parts;
    const { failure, warning } = await walkList(this.#store, context, (range, onRetry) =>
      onRetry ? this.#inspect({ listed: range }, onRetry) : this.#peek(range),
    );
    if (warning !== undefined) record.warn(warning);
    if (failure) this.#failRead(failure);
  }

  /** Inspects connections and starts the updates of the writable ones. Returns undefined if it failed permanently. */
  async #inspect(target: InspectTarget, onRetry?: () => void): Promise<Inspection | undefined> {
    try {
      const step = { ...this.#inspection(target), ...(onRetry ? { onRetry } : {}) };
      const limit = 'listed' in target ? this.#listReads : this.#namedReads;
      return this.#takeAll(target, await this.#parts.runner.run(step, limit));
    } catch (error) {
      this.#failRead(toFailure(error));
      return undefined;
    }
  }

  /** Makes one attempt to read a page. Its failure is not reported, because the walk reads the page again. */
  async #peek(listed: Range): Promise<Inspection | undefined> {
    try {
      const read = (): Promise<Inspection> => this.#inspection({ listed }).call({ attemptsBefore: 0 });
      return this.#takeAll({ listed }, await this.#listReads.run(read));
    } catch (error) {
      // Rethrows a cancellation.
      this.#parts.context.describe(error);
      return undefined;
    }
  }

  #takeAll(
    target: InspectTarget,
    inspection: Inspection,
    attempts = ATTEMPTS_BEFORE_SPLIT,
    failingSinceMs = this.#parts.runner.nowMs(),
  ): Inspection {
    const isComplete = inspection.list?.isComplete ?? true;
    this.#take(inspection, 'listed' in target ? target.listed : undefined, isComplete);
    const toRetry = inspection.toRetry.filter(({ connection }) => !this.#retried.has(connection));
    for (const { connection } of toRetry) this.#retried.add(connection);
    this.#follow(this.#retryReads(toRetry, isComplete));
    const rows = inspection.list?.toRetry ?? [];
    if ('listed' in target) this.#follow(this.#retryRows(target.listed, rows, attempts, failingSinceMs));
    return inspection;
  }

  /** Reads a page again after some of its rows could not be read. */
  async #retryRows(
    listed: Range,
    rows: readonly ConnectionProblem[],
    attempts: number,
    failingSinceMs: number,
  ): Promise<void> {
    const [first] = rows;
    if (!first) return;
    try {
      const failure = { ...first, type: 'StoreUnavailable' } as const;
      const inspection = await this.#parts.runner.retry(
        this.#inspection({ listed }),
        failure,
        attempts,
        failingSinceMs,
      );
      this.#takeAll({ listed }, inspection, attempts + 1, failingSinceMs);
    } catch (error) {
      // Rethrows a cancellation.
      toFailure(error);
      this.#refuse(rows);
    }
  }

  #refuse(problems: readonly ConnectionProblem[]): void {
    // They still hold the token of an earlier run, whose end would be lost with its row.
    if (problems.length > 0) this.#parts.record.carryStore(this.#store.name);
    for (const { connection, ...failure } of problems) {
      if (this.#found.has(connection)) continue;
      this.#found.add(connection);
      const place = { stage: 'inspect', store: this.#store.name, connections: [connection] } as const;
      this.#parts.record.fail(place, failure);
    }
  }

  #retryReads(toRetry: readonly ConnectionProblem[], isComplete: boolean): Promise<void> {
    return retryConnections<Inspection>(
      this.#parts.runner,
      toRetry,
      (connections) => ({
        step: this.#inspection({ connections }),
        take: (later) => this.#take(later, undefined, isComplete),
      }),
      (connection, failure) => this.#refuse([{ ...failure, connection }]),
    );
  }

  #inspection(target: InspectTarget): Step<Inspection> {
    const { configHash, steps } = this.#parts;
    const { name } = this.#store;
    return {
      name: 'inspectConnections',
      target: name,
      call: (how) =>
        steps.inspectConnections(
          { configHash, store: name, target, attemptsBefore: how.attemptsBefore },
          how,
        ),
    };
  }

  /** Reports the failure and carries forward the rows of earlier runs. */
  #failRead(failure: FailureInfo): void {
    this.#parts.record.fail({ stage: 'inspect', store: this.#store.name }, failure);
    this.#parts.record.carryStore(this.#store.name);
    this.#isEmpty = false;
  }

  #take(inspection: Inspection, listed: Range | undefined, isComplete: boolean): void {
    const { record, tokens } = this.#parts;
    const { writable, refused, warnings, skipped, toRetry } = inspection;
    const unread = toRetry.length + (inspection.list?.toRetry?.length ?? 0);
    this.#isEmpty &&= writable.length + refused.length + unread === 0;
    this.#refuse(refused);
    for (const warning of warnings) record.warn(warning);
    if (skipped) this.#skipped.set(listed?.offset ?? inspection, skipped);
    const added = writable.map((part) => this.#withoutKnown(part)).filter((part) => part.connections.length);
    tokens.request(added);
    for (const part of added) {
      record.expect(this.#store.name, part.registry);
      this.#follow(this.#refresh(part, isComplete ? listed : undefined, isComplete));
    }
  }

  #withoutKnown(part: WritableConnections): WritableConnections {
    const connections = part.connections.filter((id) => !this.#found.has(id));
    for (const id of connections) this.#found.add(id);
    return { ...part, connections };
  }

  /** The work is awaited at the end. A cancellation may end the run earlier, so its rejection is handled here. */
  #follow(work: Promise<void>): void {
    work.catch(() => undefined);
    this.#pending.push(work);
  }

  async #refresh(part: WritableConnections, listed: Range | undefined, isComplete: boolean): Promise<void> {
    const { tokens, record } = this.#parts;
    const { registry, group, connections } = part;
    const rejection = toRejection(await tokens.wait(group, registry));
    if (rejection) {
      record.fail({ stage: 'extract', store: this.#store.name, registry, connections }, rejection);
      return;
    }
    const size = isComplete ? CONNECTIONS_PER_UPDATE : CONNECTIONS_PER_UPDATE_ONE_BY_ONE;
    await Promise.all(
      toChunks(connections, size).map((chunk) => this.#update({ ...part, connections: chunk }, listed)),
    );
  }

  async #update(part: WritableConnections, listed: Range | undefined): Promise<void> {
    const { runner, record } = this.#parts;
    const { registry, connections } = part;
    const place = { stage: 'update', store: this.#store.name, registry } as const;
    try {
      const outcome = await runner.run(this.#updateStep(part, listed), this.#writes);
      this.#takeUpdate(part, outcome);
      await retryConnections<UpdateOutcome>(
        runner,
        outcome.toRetry,
        (rest) => ({
          step: this.#updateStep({ ...part, connections: rest }, listed),
          take: (later) => this.#takeUpdate(part, later),
        }),
        (connection, failure) => record.fail({ ...place, connections: [connection] }, failure),
      );
    } catch (error) {
      record.fail({ ...place, connections }, toFailure(error));
    }
  }

  #updateStep(
    { registry, group, connections }: WritableConnections,
    listed: Range | undefined,
  ): Step<UpdateOutcome> {
    const { configHash, steps } = this.#parts;
    const { name } = this.#store;
    const input = { configHash, store: name, registry, group, connections, ...(listed ? { listed } : {}) };
    return {
      name: 'updateConnections',
      target: `${name} ${registry}`,
      call: (how) =>
        steps.updateConnections(
          { ...input, attemptsBefore: how.attemptsBefore, ...this.#witnesses.find(registry, group) },
          how,
        ),
    };
  }

  #takeUpdate(part: WritableConnections, outcome: UpdateOutcome): void {
    const { record, context, onWritten } = this.#parts;
    const { registry } = part;
    const store = this.#store.name;
    record.updated(store, registry, outcome, context.now());
    for (const { connection, ...failure } of outcome.refused) {
      record.fail({ stage: 'update', store, registry, connections: [connection] }, failure);
    }
    const [first] = outcome.written;
    if (first === undefined) return;
    this.#witnesses.note(registry, part.group, first);
    onWritten(part);
  }
}
