// What a run does for one store: its named connections and its list are read side by side, and what is read is written as
// soon as its token is there. Nothing waits for all of it.
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
import { retryConnections } from './connection-retries.js';
import { describeSkipped } from './connection-rules.js';
import type { FailureInfo } from './failures.js';
import { walkList } from './list-walk.js';
import { toRejection } from './registry-probe.js';
import type { ReportBuilder } from './report-builder.js';
import { Semaphore } from './semaphore.js';
import { toFailure, type Step, type StepContext, type StepRunner } from './step-runner.js';
import type { TokenRequests } from './token-requests.js';

/** First attempts side by side, each of up to 10 s. An API server has few processes, and others need it. */
const READS_AT_ONCE = 2;
const UPDATES_AT_ONCE = 2;
/** Each takes a request of up to 3 s on a slow API server; a few run side by side. */
export const NAMED_PER_INSPECTION = 20;
/** One bulk request holds as many. */
const CONNECTIONS_PER_UPDATE = 100;
/** A part of a list is split in its second attempt. */
const ATTEMPTS_BEFORE_SPLIT = 2;
/** Where each takes a request to read and one to write. */
const CONNECTIONS_PER_UPDATE_ONE_BY_ONE = 10;

export interface StoreRunParts {
  readonly configHash: string;
  readonly steps: RefreshSteps;
  readonly runner: StepRunner;
  readonly record: ReportBuilder;
  readonly tokens: TokenRequests;
  readonly context: StepContext;
  /** Called whenever connections of a registry were written. */
  onWritten(part: WritableConnections): void;
}

export class StoreRun {
  readonly #store: PlannedStore;
  readonly #parts: StoreRunParts;
  /** Of named connections and of the list, so that neither waits for the other. */
  readonly #namedReads = new Semaphore(READS_AT_ONCE);
  readonly #listReads = new Semaphore(READS_AT_ONCE);
  readonly #writes = new Semaphore(UPDATES_AT_ONCE);
  readonly #pending: Promise<void>[] = [];
  /** Connections that were found, writable or refused: a list that is edited while it is read may contain one twice. */
  readonly #found = new Set<string>();
  /** By the offset of the part of the list, which may be read more than once; else by the inspection. */
  readonly #skipped = new Map<number | Inspection, Skipped>();
  /** Connections that have retries of their own: a part that is read again contains them again. */
  readonly #retried = new Set<string>();
  /** By registry and token group, a connection that was written. */
  readonly #witnesses = new Map<string, string>();
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
    // A pattern with a typo matches nothing, and a run that does nothing would look healthy.
    if (this.#isEmpty) record.warn(`${title} ${name} has no connection that was to be refreshed.`);
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

  /** Inspects connections, and starts the updates of those that may be written. Undefined: it failed for good. */
  async #inspect(target: InspectTarget, onRetry?: () => void): Promise<Inspection | undefined> {
    const { runner } = this.#parts;
    try {
      const step = { ...this.#inspection(target), ...(onRetry ? { onRetry } : {}) };
      const limit = 'listed' in target ? this.#listReads : this.#namedReads;
      return this.#takeAll(target, await runner.run(step, limit));
    } catch (error) {
      this.#failRead(toFailure(error));
      return undefined;
    }
  }

  /** One attempt for a part of the list. Its failure is not reported: the walk reads the part again. */
  async #peek(listed: Range): Promise<Inspection | undefined> {
    try {
      const read = (): Promise<Inspection> => this.#inspection({ listed }).call({ attemptsBefore: 0 });
      return this.#takeAll({ listed }, await this.#listReads.run(read));
    } catch (error) {
      // Throws a cancellation again.
      this.#parts.context.describe(error);
      return undefined;
    }
  }

  #takeAll(target: InspectTarget, inspection: Inspection, attempts = ATTEMPTS_BEFORE_SPLIT): Inspection {
    const isComplete = inspection.list?.isComplete ?? true;
    this.#take(inspection, 'listed' in target ? target.listed : undefined, isComplete);
    const toRetry = inspection.toRetry.filter(({ connection }) => !this.#retried.has(connection));
    for (const { connection } of toRetry) this.#retried.add(connection);
    this.#follow(this.#retryReads(toRetry, isComplete));
    const rows = inspection.list?.toRetry ?? [];
    if ('listed' in target) this.#follow(this.#retryRows(target.listed, rows, attempts));
    return inspection;
  }

  /** Reads a part again of which some rows could not be read. */
  async #retryRows(listed: Range, rows: readonly ConnectionProblem[], attempts: number): Promise<void> {
    const [first] = rows;
    if (!first) return;
    try {
      const failure = { ...first, type: 'StoreUnavailable' } as const;
      const inspection = await this.#parts.runner.retry(this.#inspection({ listed }), failure, attempts);
      this.#takeAll({ listed }, inspection, attempts + 1);
    } catch (error) {
      // Throws a cancellation again.
      toFailure(error);
      this.#refuse(rows);
    }
  }

  #refuse(problems: readonly ConnectionProblem[]): void {
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

  /** The rows of earlier runs stay in the report. */
  #failRead(failure: FailureInfo): void {
    const { record } = this.#parts;
    record.fail({ stage: 'inspect', store: this.#store.name }, failure);
    record.carryStore(this.#store.name);
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
    const added = writable
      .map((part) => this.#withoutKnown(part))
      .filter((part) => part.connections.length > 0);
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

  /** Awaited at the end. A cancellation that ends the run before counts as handled here, as for tests. */
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
      chunks(connections, size).map((chunk) => this.#update({ ...part, connections: chunk }, listed)),
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
          { ...input, attemptsBefore: how.attemptsBefore, ...this.#findWitness(registry, group) },
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
    this.#witnesses.set(JSON.stringify([registry, part.group]), first);
    onWritten(part);
  }

  #findWitness(registry: string, group: string): { readonly witness?: string } {
    const witness = this.#witnesses.get(JSON.stringify([registry, group]));
    return witness === undefined ? {} : { witness };
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
