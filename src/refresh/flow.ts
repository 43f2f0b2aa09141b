// The flow of a run, written once for the workflow and for `refresh-once`: plan, then for every store in parallel inspect,
// extract, update, test. Every failure is recorded where it occurs, and the rest continues.
import { describeSkipped } from './connection-rules.js';
import { FAILURES } from './failures.js';
import { Semaphore } from './semaphore.js';
import { mergePages } from './merge-pages.js';
import { recordProbe, findProbe, toRejection } from './registry-probe.js';
import type { RefreshReport, Stage } from './report.js';
import { ReportBuilder, type FailureInfo, type FailureLocation } from './report-builder.js';
import type {
  DockerInput,
  InspectInput,
  Inspection,
  Skipped,
  PlannedStore,
  RefreshPlan,
  RefreshSteps,
  RegistryProbe,
  UpdateInput,
  UpdateOutcome,
  WritableConnections,
} from './activity-types.js';
import { parseUpdateProgress, toPartialOutcome } from './update-progress.js';

/** Bounds of what is in flight, for the whole fleet of workers, since the flow itself keeps them. */
const UPDATES_PER_STORE = 2;
const EXTRACTIONS = 10;
/**
 * One bulk request holds as many. They need not fit into one attempt: on a slow API server, where each takes seconds,
 * the next attempt goes on where the last one stopped.
 */
const CONNECTIONS_PER_UPDATE = 100;

export interface RunContext {
  readonly runId: string;
  readonly previous: RefreshReport | undefined;
  now(): Date;
  /** Turns what a step threw into words; throws it again when it is no failure of the step, but a cancellation. */
  describe(error: unknown): StepFailure;
}

/** Why a step failed. */
export interface StepFailure extends FailureInfo {
  /** What it had done by then, told by the failure itself or by the last heartbeat of a worker that was lost. */
  readonly progress?: unknown;
}

/** Runs the whole refresh. Never throws for a failing step: the report says what failed. */
export async function refresh(steps: RefreshSteps, context: RunContext): Promise<RefreshReport> {
  const run = new Run(steps, context);
  await run.refreshAll();
  return run.record.report(context.now());
}

class Run {
  readonly record: ReportBuilder;
  readonly #steps: RefreshSteps;
  readonly #context: RunContext;
  readonly #extractions = new Semaphore(EXTRACTIONS);
  /** By registry and token group: what the registry said to the token, or why there is none. */
  readonly #probes = new Map<string, Promise<RegistryProbe | FailureInfo>>();
  readonly #tests = new Map<string, Promise<void>>();

  constructor(steps: RefreshSteps, context: RunContext) {
    this.#steps = steps;
    this.#context = context;
    this.record = new ReportBuilder(context.runId, context.now(), context.previous);
  }

  async refreshAll(): Promise<void> {
    const plan = await this.#attempt({ stage: 'plan' }, () => this.#steps.planRefresh());
    if (!plan) {
      this.record.carryAll();
      return;
    }
    this.record.plan(plan.stores);
    if (plan.configProblem !== undefined) {
      const { remedy, scope } = FAILURES.ConfigInvalid;
      const message = plan.configProblem;
      this.record.fail({ stage: 'plan' }, { type: 'ConfigInvalid', scope, message, remedy });
    }
    // A report without a row of Docker would look as if nothing was to be tested.
    if (plan.engineProblem !== undefined) this.record.warn(`${plan.engineProblem}.`);
    await Promise.all(plan.stores.map((store) => this.#refreshStore(plan, store)));
    await Promise.all(this.#tests.values());
  }

  async #refreshStore(plan: RefreshPlan, planned: PlannedStore): Promise<void> {
    const writable = await this.#inspect(plan, planned);
    const groups = new Set(writable.map((part) => part.group));
    const updates = new StoreUpdates();
    await Promise.all(
      [...groups].map(async (group) => {
        const parts = writable.filter((part) => part.group === group);
        this.#extract(plan, group, parts);
        await Promise.all(parts.map((part) => this.#refreshRegistry(plan, planned.name, part, updates)));
      }),
    );
  }

  /** All pages first, so that a token group is extracted once with all its registries. */
  async #inspect(plan: RefreshPlan, { name: store, title }: PlannedStore): Promise<WritableConnections[]> {
    const writable: WritableConnections[] = [];
    const skipped: Skipped[] = [];
    let isEmpty = true;
    let page: number | null = 0;
    while (page !== null) {
      const input: InspectInput = { configHash: plan.configHash, store, page };
      const inspection: Inspection | undefined = await this.#attempt({ stage: 'inspect', store }, () =>
        this.#steps.inspectConnections(input),
      );
      if (!inspection) {
        this.record.carryStore(store);
        isEmpty = false;
        break;
      }
      writable.push(...inspection.writable);
      isEmpty &&= inspection.writable.length === 0 && inspection.refused.length === 0;
      for (const { connection, ...facts } of inspection.refused) {
        this.record.fail({ stage: 'inspect', store, connections: [connection] }, facts);
      }
      for (const warning of inspection.warnings) this.record.warn(warning);
      if (inspection.skipped) skipped.push(inspection.skipped);
      if (inspection.unreadable) {
        this.record.fail({ stage: 'inspect', store }, inspection.unreadable);
        this.record.carryStore(store);
        isEmpty = false;
      }
      page = inspection.nextPage;
    }
    const warning = describeSkipped(store, skipped);
    if (warning !== undefined) this.record.warn(warning);
    // A pattern that has gone wrong matches nothing, and a run that does nothing would look well.
    if (isEmpty) this.record.warn(`${title} ${store} has no connection that was to be refreshed.`);
    for (const part of writable) this.record.expect(store, part.registry);
    return mergePages(writable);
  }

  /** Starts the extraction for the registries of a group that no other store has asked for yet. */
  #extract(plan: RefreshPlan, group: string, parts: readonly WritableConnections[]): void {
    const asked = parts.filter((part) => !this.#probes.has(toKey(part)));
    if (asked.length === 0) return;
    const registries = asked.map((part) => part.registry);
    const extraction = this.#extractions
      .run(() => this.#steps.extractToken({ configHash: plan.configHash, group, registries }))
      .then((facts) => {
        this.record.token(facts);
        for (const registry of registries) recordProbe(this.record, findProbe(facts, registry));
        return facts;
      })
      .catch((error: unknown) => this.#context.describe(error));
    for (const part of asked) {
      this.#probes.set(
        toKey(part),
        extraction.then((result) => ('type' in result ? result : findProbe(result, part.registry))),
      );
    }
  }

  async #refreshRegistry(
    plan: RefreshPlan,
    store: string,
    part: WritableConnections,
    updates: StoreUpdates,
  ): Promise<void> {
    const { registry, connections } = part;
    const probe = await this.#probes.get(toKey(part));
    const refusal = probe && toRejection(probe);
    if (refusal) {
      this.record.fail({ stage: 'extract', store, registry, connections }, refusal);
      return;
    }
    await Promise.all(
      chunks(connections, CONNECTIONS_PER_UPDATE).map((chunk) =>
        updates.limit.run(() => this.#update(plan, store, { ...part, connections: chunk }, updates)),
      ),
    );
  }

  async #update(
    plan: RefreshPlan,
    store: string,
    { registry, group, connections }: WritableConnections,
    updates: StoreUpdates,
  ): Promise<void> {
    const place = { stage: 'update', store, registry, connections } as const;
    if (updates.failure) {
      this.record.fail(place, updates.failure);
      return;
    }
    const { configHash } = plan;
    const outcome = await this.#updateOrFail({ configHash, store, registry, group, connections });
    if ('type' in outcome) {
      this.record.fail(place, outcome);
      updates.failed(outcome);
      return;
    }
    this.record.updated(store, registry, outcome, this.#context.now());
    for (const { connection, ...facts } of outcome.failed) {
      this.record.fail({ ...place, connections: [connection] }, facts);
    }
    const [partly] = outcome.failed.filter(({ scope }) => scope === 'store');
    if (partly) updates.failed(partly);
    if (outcome.refreshed.length > 0) this.#startTests(plan, registry, group);
  }

  /** What was written before the update failed for good stays written, and has not failed. */
  async #updateOrFail(input: UpdateInput): Promise<UpdateOutcome | FailureInfo> {
    const { connections } = input;
    try {
      return await this.#steps.updateConnections(input);
    } catch (error) {
      const failure = this.#context.describe(error);
      const progress = parseUpdateProgress(failure.progress, connections.length);
      return (progress && toPartialOutcome(progress, connections, failure)) ?? failure;
    }
  }

  /** Once per engine, registry and token group, as soon as the first of the connections is refreshed. */
  #startTests(plan: RefreshPlan, registry: string, group: string): void {
    for (const engine of plan.engines) {
      const key = JSON.stringify([engine, registry, group]);
      if (this.#tests.has(key)) continue;
      const test = this.#test({ configHash: plan.configHash, engine, registry, group });
      // Awaited at the end of the run. A cancellation that ends the run before counts as handled here: Temporal
      // would fail the workflow task over it, again and again, and the run could not be cancelled.
      test.catch(() => undefined);
      this.#tests.set(key, test);
    }
  }

  async #test(input: DockerInput): Promise<void> {
    const { engine, registry } = input;
    const outcome = await this.#attempt(
      { stage: 'test', registry, engine },
      () => this.#steps.testDocker(input),
      (facts) => {
        if (facts.scope === 'registry') this.record.recordRejectedLogin(engine, registry);
      },
    );
    if (!outcome) return;
    this.record.recordLogin(outcome);
    if (outcome.login === 'none') {
      const { reason, version } = outcome;
      const why = reason === undefined ? '' : ` (${reason})`;
      this.record.warn(
        version === null
          ? `No Docker Engine at ${engine}${why}: the sign-in from Docker was not tested.`
          : `The sign-in from ${engine} to ${registry} was not tested${why}.`,
      );
    }
    if (outcome.login === 'inconclusive') {
      this.record.warn(
        `The test of the sign-in from ${engine} to ${registry} is inconclusive: a wrong password signs in, too.`,
      );
    }
  }

  async #attempt<T>(
    place: FailureLocation & { stage: Stage },
    step: () => Promise<T>,
    onFailure?: (facts: FailureInfo) => void,
  ): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      const facts = this.#context.describe(error);
      this.record.fail(place, facts);
      onFailure?.(facts);
      return undefined;
    }
  }
}

/** The updates of one store: how many may run, and whether it was given up. */
class StoreUpdates {
  readonly limit = new Semaphore(UPDATES_PER_STORE);
  failure: FailureInfo | undefined;

  /** What stops the whole store is retried until the deadline: by then the others have no time left either. */
  failed(info: FailureInfo): void {
    if (info.scope === 'store' && FAILURES[info.type].retryable) this.failure = info;
  }
}

function toKey({ registry, group }: WritableConnections): string {
  return JSON.stringify([registry, group]);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
