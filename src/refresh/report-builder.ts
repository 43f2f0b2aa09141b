// Owns what has happened in a run so far, and makes the report of it. Carries forward from the previous report
// what this run could not find out anew, and drops what is no longer in the plan.
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

/** Where it went wrong. */
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
  readonly #tokens = new Map<string, TokenReport>();
  readonly #kinds = new Map<string, string>();
  readonly #stores = new Map<string, StoreReport>();
  /** Which token connections of which registry received. */
  readonly #written = new Set<string>();
  readonly #docker: DockerReport[] = [];
  readonly #failures: FailureReport[] = [];
  readonly #warnings = new Set<string>();

  constructor(runId: string, startedAt: Date, previous: RefreshReport | undefined) {
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
  }

  /** A token that was extracted or written; told twice, it is shown once. */
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

  /** Notes that connections of this store and registry are in the plan, whatever becomes of them. */
  expect(store: string, registry: string): void {
    this.#setRow(this.#row(store, registry));
  }

  /** Keeps what earlier runs said of a store that this run cannot look into. */
  carryStore(store: string): void {
    for (const row of this.#previous?.stores ?? []) {
      if (row.store === store) this.expect(store, row.registry);
    }
  }

  /** Keeps what earlier runs said of everything: for a run without a plan, which does not know what is in it. */
  carryAll(): void {
    for (const { store, registry } of this.#previous?.stores ?? []) this.expect(store, registry);
  }

  /** Notes which connections were written, and with which token. */
  updated(store: string, registry: string, { written, token }: UpdateOutcome, at: Date): void {
    if (written.length === 0) return;
    this.#written.add(writtenKey(registry, token.fingerprint));
    this.token(token);
    const row = this.#row(store, registry);
    const { fingerprint, expiresAt, usableUntil = expiresAt, principalArn } = token;
    // Two workers may have written two tokens: what matters is when the first of them can no longer be relied on.
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
          ? `No Docker Engine at ${engine}${why}: the sign-in from Docker was not tested.`
          : `The sign-in from ${engine} to ${registry} was not tested${why}.`,
      );
    }
    if (login === 'inconclusive') {
      this.warn(
        `The test of the sign-in from ${engine} to ${registry} is inconclusive: a wrong password signs in, too.`,
      );
    }
  }

  recordRejectedLogin(engine: string, registry: string): void {
    this.#docker.push({ engine, version: null, registry, login: 'rejected', fingerprint: null });
  }

  report(finishedAt: Date): RefreshReport {
    const failures = groupFailures(this.#failures).map((failure) => this.#withFailingSince(failure));
    // In the order of the steps, not in that in which they happened to end.
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
      warnings: [...this.#warnings, ...this.#warningsOfOtherTokens()],
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

  /** A failure keeps its first start while the same place fails run after run, for whatever reasons. */
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

  /** Another worker may test with a token of its own: a good sign, but no proof for the one that was written. */
  #warningsOfOtherTokens(): string[] {
    return this.#docker
      .filter(
        ({ registry, fingerprint }) =>
          fingerprint !== null && !this.#written.has(writtenKey(registry, fingerprint)),
      )
      .map(
        ({ engine, registry, fingerprint }) =>
          `The token tested from ${engine} at ${registry} (${fingerprint}) is not the one ` +
          'that was written: another worker did the test, with a token of its own.',
      );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function writtenKey(registry: string, fingerprint: string): string {
  return JSON.stringify([registry, fingerprint]);
}
