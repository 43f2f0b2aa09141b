// The flow of a run, shared by the workflow and `refresh-once`: plan, then all stores in parallel. The first written
// connection of a registry starts its Docker login tests.
import type {
  DockerInput,
  PlannedStore,
  RefreshPlan,
  RefreshSteps,
  WritableConnections,
} from './activity-types.js';
import { LOGINS_PER_ENGINE } from './activity-limits.js';
import { describeFailure } from './failures.js';
import { ReportBuilder } from './report-builder.js';
import type { FailureReport, RefreshReport } from './report.js';
import { Semaphore } from './semaphore.js';
import { StepRunner, toFailure, type StepContext } from './step-runner.js';
import { StoreRun } from './store-run.js';
import { TokenRequests } from './token-requests.js';

export interface RunContext extends StepContext {
  readonly runId: string;
  readonly previous: RefreshReport | undefined;
  /** Whether the run fails when a check of a written token has verified nothing. */
  readonly isStrict?: boolean;
  /** Called at the start with what shows, at any time, how far the run is. */
  readonly observe?: (run: RunView) => void;
  /** Called when something has failed for good. */
  readonly onFailure?: () => void;
}

/** How far a run is. */
export interface RunView {
  /** The report as it would be if the run ended now. */
  report(): RefreshReport;
  /** What has failed for good. */
  failures(): readonly FailureReport[];
  /** Stores of which nothing is in progress or waiting any more, apart from tests of Docker. */
  storesDone(): readonly string[];
}

/** Runs the whole refresh. It does not throw for a failing step: the report shows what failed. */
export async function refresh(steps: RefreshSteps, context: RunContext): Promise<RefreshReport> {
  const run = new Run(steps, context);
  context.observe?.(run);
  await run.refreshAll();
  return run.report();
}

class Run implements RunView {
  readonly record: ReportBuilder;
  readonly #steps: RefreshSteps;
  readonly #context: RunContext;
  readonly #runner: StepRunner;
  readonly #tests = new Map<string, Promise<void>>();
  readonly #logins = new Map<string, Semaphore>();
  readonly #storesDone: string[] = [];

  constructor(steps: RefreshSteps, context: RunContext) {
    this.#steps = steps;
    this.#context = context;
    this.#runner = new StepRunner(context);
    this.record = new ReportBuilder(context.runId, context.now(), context.previous, context.onFailure);
  }

  report(): RefreshReport {
    return this.record.report(this.#context.now());
  }

  failures(): readonly FailureReport[] {
    return this.record.listFailures();
  }

  storesDone(): readonly string[] {
    return this.#storesDone;
  }

  async refreshAll(): Promise<void> {
    const plan = await this.#plan();
    if (!plan) return;
    this.record.plan(plan);
    if (plan.configProblem !== undefined) {
      const failure = describeFailure('ConfigInvalid', plan.configProblem);
      this.record.fail({ stage: 'plan' }, { ...failure, remedy: plan.configRemedy ?? failure.remedy });
    }
    for (const warning of plan.warnings ?? []) this.record.warn(warning);
    // Without a Docker row, the report would look as if there was nothing to test.
    if (plan.engineProblem !== undefined) this.record.noteUnusableEngine(plan.engineProblem);
    const tokens = new TokenRequests(this.#steps, plan.configHash, this.#runner, this.record);
    await Promise.all(plan.stores.map((store) => this.#refreshStore(plan, store, tokens)));
    await Promise.all(this.#tests.values());
    if (this.#context.isStrict) this.record.failUnproven('all');
    else if (plan.requiresDocker) this.record.failUnproven('docker');
  }

  async #plan(): Promise<RefreshPlan | undefined> {
    try {
      return await this.#runner.run(
        { name: 'planRefresh', target: '', call: (how) => this.#steps.planRefresh(how) },
        new Semaphore(1),
      );
    } catch (error) {
      this.record.fail({ stage: 'plan' }, toFailure(error));
      this.record.carryAll();
      return undefined;
    }
  }

  async #refreshStore(plan: RefreshPlan, store: PlannedStore, tokens: TokenRequests): Promise<void> {
    const run = new StoreRun(store, {
      configHash: plan.configHash,
      steps: this.#steps,
      runner: this.#runner,
      record: this.record,
      tokens,
      context: this.#context,
      onWritten: (part) => this.#startTests(plan, part),
    });
    await run.refresh();
    this.#storesDone.push(store.name);
  }

  /** Once per engine, registry and token group, as soon as the first of the connections is written. */
  #startTests({ configHash, engines }: RefreshPlan, { registry, group }: WritableConnections): void {
    for (const engine of engines) {
      const key = JSON.stringify([engine, registry, group]);
      if (this.#tests.has(key)) continue;
      const test = this.#test({ configHash, engine, registry, group });
      // The test is awaited at the end of the run. A cancellation may end the run earlier: without this handler,
      // Temporal would fail the workflow task again and again because of an unhandled rejection, and the run could not
      // be cancelled.
      test.catch(() => undefined);
      this.#tests.set(key, test);
    }
  }

  async #test(input: DockerInput): Promise<void> {
    const { engine, registry } = input;
    const limit = this.#logins.get(engine) ?? new Semaphore(LOGINS_PER_ENGINE);
    this.#logins.set(engine, limit);
    try {
      const outcome = await this.#runner.run(
        { name: 'testDocker', target: engine, call: (how) => this.#steps.testDocker(input, how) },
        limit,
      );
      this.record.recordLogin(outcome);
    } catch (error) {
      const failure = toFailure(error);
      this.record.fail({ stage: 'test', registry, engine }, failure);
      if (failure.scope === 'registry') this.record.recordRejectedLogin(engine, registry);
    }
  }
}
