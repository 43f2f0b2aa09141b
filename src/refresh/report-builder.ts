// Collects what happened in a run and builds its report. Values that this run could not determine are carried forward
// from the previous report; what is no longer in the plan is dropped.
import type { FailureInfo } from './failures.js';
import {
  fitReport,
  groupFailures,
  type StoreReport,
  type DockerReport,
  type FailureReport,
  type RefreshReport,
  type Stage,
  type TokenReport,
} from './report.js';
import type { DockerLogin, PlannedStore, TokenInfo, UpdateOutcome } from './activity-types.js';

/** Where a failure happened. */
export interface FailureLocation {
  readonly stage: Stage;
  readonly store?: string;
  readonly registry?: string;
  readonly engine?: string;
  readonly connections?: readonly string[];
}

const STAGES: readonly Stage[] = ['plan', 'inspect', 'extract', 'update', 'test'];
const WORST_FIRST = ['rejected', 'unreachable', 'inconclusive', 'accepted'] as const;

export class ReportBuilder {
  readonly #runId: string;
  readonly #startedAt: Date;
  readonly #previous: RefreshReport | undefined;
  readonly #onFailure: () => void;
  readonly #tokens = new Map<string, TokenReport>();
  readonly #kinds = new Map<string, string>();
  readonly #stores = new Map<string, StoreReport>();
  /** Pairs of registry and token that were written to connections. */
  readonly #written = new Set<string>();
  readonly #docker: DockerReport[] = [];
  readonly #failures: FailureReport[] = [];
  readonly #warnings = new Set<string>();

  constructor(
    runId: string,
    startedAt: Date,
    previous: RefreshReport | undefined,
    onFailure: () => void = () => undefined,
  ) {
    this.#onFailure = onFailure;
    this.#runId = runId;
    this.#startedAt = startedAt;
    this.#previous = previous;
  }

  /** The stores of the plan. */
  plan(stores: readonly PlannedStore[]): void {
    for (const { name, kind } of stores) this.#kinds.set(name, kind);
  }

  warn(warning: string): void {
    this.#warnings.add(warning);
  }

  fail(place: FailureLocation, facts: FailureInfo): void {
    const { connections = facts.connections ?? [], ...where } = place;
    const { type, scope, message, remedy } = facts;
    this.#failures.push({ ...where, type, scope, count: connections.length, connections, message, remedy });
    if (place.store !== undefined && place.registry !== undefined && place.stage !== 'test') {
      const row = this.#row(place.store, place.registry);
      this.#setRow({ ...row, failed: row.failed + connections.length });
    }
    this.#onFailure();
  }

  /** Adds a token that was extracted or written. A token that is added twice appears once. */
  token(facts: TokenInfo): void {
    const known = this.#tokens.get(facts.fingerprint);
    const outcomes = facts.probes.map((probe) => probe.outcome).concat(known ? [known.check] : []);
    const worst = WORST_FIRST.find((outcome) => outcomes.includes(outcome));
    for (const warning of facts.warnings ?? []) this.warn(warning);
    this.#tokens.set(facts.fingerprint, {
      registries: [
        ...new Set([...(known?.registries ?? []), ...facts.probes.map((probe) => probe.registry)]),
      ],
      region: facts.region,
      principalArn: facts.principalArn,
      issuedAt: facts.issuedAt,
      expiresAt: facts.expiresAt,
      usableUntil: facts.usableUntil ?? facts.expiresAt,
      fingerprint: facts.fingerprint,
      check: worst ?? 'unreachable',
    });
  }

  /** Adds a row for a store and registry, whether or not their connections are refreshed later. */
  expect(store: string, registry: string): void {
    this.#setRow(this.#row(store, registry));
  }

  /** Carries forward the rows of a store that this run could not read. */
  carryStore(store: string): void {
    for (const row of this.#previous?.stores ?? []) {
      if (row.store === store) this.expect(store, row.registry);
    }
  }

  /** Carries forward the rows of all stores, for a run without a plan. */
  carryAll(): void {
    for (const { store, registry } of this.#previous?.stores ?? []) this.expect(store, registry);
  }

  /** Records which connections were written, and with which token. */
  updated(store: string, registry: string, { written, token }: UpdateOutcome, at: Date): void {
    if (written.length === 0) return;
    this.#written.add(writtenKey(registry, token.fingerprint));
    this.token(token);
    const row = this.#row(store, registry);
    const { fingerprint, expiresAt, usableUntil = expiresAt, principalArn } = token;
    // Two workers may have written two tokens: the earlier end counts.
    const until = row.usableUntil;
    const isEarlier = row.refreshed > 0 && until !== null && until < usableUntil;
    this.#setRow({
      ...row,
      ...(isEarlier ? {} : { fingerprint, expiresAt, usableUntil, principalArn }),
      refreshed: row.refreshed + written.length,
      lastRefreshedAt: at.toISOString(),
    });
  }

  recordLogin({ engine, version, registry, login, fingerprint, reason }: DockerLogin): void {
    this.#docker.push({ engine, version, registry, login, fingerprint });
    const why = reason === undefined ? '' : ` (${reason})`;
    if (login === 'none') {
      this.warn(
        version === null
          ? `No Docker Engine at ${engine}${why}: the login from Docker was not tested.`
          : `The login from ${engine} to ${registry} was not tested${why}.`,
      );
    }
    if (login === 'inconclusive') {
      this.warn(
        `The login test from ${engine} to ${registry} is inconclusive: the registry also accepts a wrong password.`,
      );
    }
  }

  recordRejectedLogin(engine: string, registry: string): void {
    this.#docker.push({ engine, version: null, registry, login: 'rejected', fingerprint: null });
  }

  report(finishedAt: Date): RefreshReport {
    const failures = groupFailures(this.#failures).map((failure) => this.#withFailingSince(failure));
    // Failures are shown in the order of the steps, not in the order in which the steps ended.
    failures.sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
    return fitReport({
      outcome: failures.length === 0 ? 'refreshed' : 'incomplete',
      runId: this.#runId,
      startedAt: this.#startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      tokens: [...this.#tokens.values()],
      stores: [...this.#stores.values()],
      docker: this.#docker.toSorted((a, b) => compare(a.engine, b.engine) || compare(a.registry, b.registry)),
      failures,
      warnings: [...this.#warnings, ...this.#otherTokenWarnings()],
    });
  }

  #row(store: string, registry: string): StoreReport {
    const carried = this.#previous?.stores.find((row) => row.store === store && row.registry === registry);
    return (
      this.#stores.get(JSON.stringify([store, registry])) ?? {
        store,
        kind: this.#kinds.get(store) ?? carried?.kind ?? 'unknown',
        registry,
        refreshed: 0,
        failed: 0,
        fingerprint: carried?.fingerprint ?? null,
        expiresAt: carried?.expiresAt ?? null,
        usableUntil: carried?.usableUntil ?? null,
        principalArn: carried?.principalArn ?? null,
        lastRefreshedAt: carried?.lastRefreshedAt ?? null,
      }
    );
  }

  #setRow(row: StoreReport): void {
    this.#stores.set(JSON.stringify([row.store, row.registry]), row);
  }

  /** Keeps the start of the first failing run while the same place fails in run after run, for any reason. */
  #withFailingSince(failure: FailureReport): FailureReport {
    const before = this.#previous?.failures.find(
      (old) =>
        old.stage === failure.stage &&
        old.store === failure.store &&
        old.registry === failure.registry &&
        old.engine === failure.engine,
    );
    return { ...failure, failingSince: before?.failingSince ?? this.#startedAt.toISOString() };
  }

  /** Another worker may test with a token of its own, which does not verify the one that was written. */
  #otherTokenWarnings(): string[] {
    return this.#docker
      .filter(
        ({ registry, fingerprint }) =>
          fingerprint !== null && !this.#written.has(writtenKey(registry, fingerprint)),
      )
      .map(
        ({ engine, registry, fingerprint }) =>
          `The login from ${engine} to ${registry} was tested with another worker's token (${fingerprint}), not the ` +
          'one that was written. No action needed.',
      );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function writtenKey(registry: string, fingerprint: string): string {
  return JSON.stringify([registry, fingerprint]);
}
