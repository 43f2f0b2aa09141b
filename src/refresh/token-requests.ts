// Extracts the tokens of a run, once per token group for the registries of a page. All stores share them.
import type { ExtractedToken, RefreshSteps, RegistryProbe, WritableConnections } from './activity-types.js';
import { describeFailure, type FailureInfo } from './failures.js';
import { recordProbe, findProbe } from './registry-probe.js';
import type { ReportBuilder } from './report-builder.js';
import { Semaphore } from './semaphore.js';
import { StepFailed, type Step, type StepRunner } from './step-runner.js';

/** Concurrent first attempts, of up to 10 s each. AWS allows far more calls, but a worker has other work to do. */
const EXTRACTIONS_AT_ONCE = 20;

/** The result of verifying the token with the registry, or why there is no token for it. */
export type TokenResult = RegistryProbe | FailureInfo;

interface Pending {
  readonly result: Promise<TokenResult>;
  readonly settle: (result: TokenResult) => void;
  readonly abandon: (error: unknown) => void;
}

export class TokenRequests {
  readonly #steps: RefreshSteps;
  readonly #configHash: string;
  readonly #runner: StepRunner;
  readonly #record: ReportBuilder;
  readonly #limit = new Semaphore(EXTRACTIONS_AT_ONCE);
  /** The key is the token group and registry. */
  readonly #pending = new Map<string, Pending>();

  constructor(steps: RefreshSteps, configHash: string, runner: StepRunner, record: ReportBuilder) {
    this.#steps = steps;
    this.#configHash = configHash;
    this.#runner = runner;
    this.#record = record;
  }

  /** Starts an extraction for each part that was not requested before. */
  request(parts: readonly WritableConnections[]): void {
    const added = parts.filter((part) => !this.#pending.has(toKey(part.group, part.registry)));
    for (const { group, registry } of added) this.#pending.set(toKey(group, registry), createPending());
    for (const group of new Set(added.map((part) => part.group))) {
      const registries = added.filter((part) => part.group === group).map(({ registry }) => registry);
      const unique = [...new Set(registries)];
      this.#extract(group, unique).catch((error: unknown) => this.#abandon(group, unique, error));
    }
  }

  /** Whether the connections of a registry may receive the token. Call `request` for it first. */
  async wait(group: string, registry: string): Promise<TokenResult> {
    const pending = this.#pending.get(toKey(group, registry));
    if (!pending) throw new TypeError(`no token of ${group} was requested for ${registry}`);
    return pending.result;
  }

  async #extract(group: string, registries: readonly string[]): Promise<void> {
    let rest = registries;
    const toStep = (requested: readonly string[]): Step<ExtractedToken> => ({
      name: 'extractToken',
      target: group,
      call: (how) =>
        this.#steps.extractToken({ configHash: this.#configHash, group, registries: requested }, how),
    });
    try {
      let extracted = await this.#runner.run(toStep(rest), this.#limit);
      const failingSinceMs = this.#runner.nowMs();
      for (let attempts = 1; ; attempts += 1) {
        this.#take(group, rest, extracted);
        rest = extracted.toRetry;
        if (rest.length === 0) return;
        extracted = await this.#runner.retry(toStep(rest), NOT_VERIFIED, attempts, failingSinceMs);
      }
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      const { failure } = error;
      for (const registry of rest) {
        this.#settle(group, registry, failure === NOT_VERIFIED ? toUnreachable(registry) : failure);
      }
    }
  }

  #take(group: string, registries: readonly string[], { token, toRetry }: ExtractedToken): void {
    this.#record.token(token);
    for (const registry of registries) {
      if (!toRetry.includes(registry)) this.#settle(group, registry, findProbe(token, registry));
    }
  }

  #settle(group: string, registry: string, result: TokenResult): void {
    if ('outcome' in result) recordProbe(this.#record, result);
    this.#pending.get(toKey(group, registry))?.settle(result);
  }

  /** Passes a cancellation of the run to every waiting caller. */
  #abandon(group: string, registries: readonly string[], error: unknown): void {
    for (const registry of registries) this.#pending.get(toKey(group, registry))?.abandon(error);
  }
}

/** The failure of a registry that did not respond within the first attempt. */
const NOT_VERIFIED: FailureInfo = {
  ...describeFailure('AttemptTimedOut', 'the registry did not respond in time'),
  scope: 'registry',
};

/** When no time is left to wait for the registry, the token is used: no response is not a rejection. */
function toUnreachable(registry: string): RegistryProbe {
  return { registry, outcome: 'unreachable', message: NOT_VERIFIED.message };
}

function createPending(): Pending {
  let settle: Pending['settle'] = () => undefined;
  let abandon: Pending['abandon'] = () => undefined;
  const result = new Promise<TokenResult>((resolve, reject) => {
    settle = resolve;
    abandon = reject;
  });
  // Prevents an unhandled rejection when no caller waits any more.
  result.catch(() => undefined);
  return { result, settle, abandon };
}

function toKey(group: string, registry: string): string {
  return JSON.stringify([group, registry]);
}
