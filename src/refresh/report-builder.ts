// Collects what happened in a run and builds its report. Values that this run could not determine are carried forward
// from the previous report; what is no longer in the plan is dropped.
import { FailureGroups } from './failure-groups.js';
import { describeFailure, type FailureInfo } from './failures.js';
import {
  fitReport,
  type StoreReport,
  type DockerReport,
  type FailureReport,
  type RefreshReport,
  type Stage,
  type TokenReport,
} from './report.js';
import type { DockerLogin, RefreshPlan, TokenInfo, UpdateOutcome } from './activity-types.js';
import { RunProofs } from './run-proofs.js';
import { SessionEnds } from './session-ends.js';

/** Where a failure happened. */
export interface FailureLocation {
  readonly stage: Stage;
  readonly store?: string;
  readonly registry?: string;
  readonly engine?: string;
  readonly connections?: readonly string[];
}

const STAGES: readonly Stage[] = ['plan', 'inspect', 'extract', 'update', 'test'];
const REASONS = {
  unreachable: 'the registry could not be reached',
  inconclusive: 'the registry also accepts a wrong password',
  'not tested': 'it did not run',
} as const;
const WORST_FIRST = ['rejected', 'unreachable', 'inconclusive', 'accepted'] as const;

export class ReportBuilder {
  readonly #runId: string;
  readonly #startedAt: Date;
  readonly #previous: RefreshReport | undefined;
  readonly #onFailure: () => void;
  #configHash: string | null = null;
  readonly #tokens = new Map<string, TokenReport>();
  readonly #kinds = new Map<string, string>();
  readonly #stores = new Map<string, StoreReport>();
  readonly #proofs = new RunProofs();
  readonly #docker: DockerReport[] = [];
  readonly #failures = new FailureGroups();
  readonly #warnings = new Set<string>();
  /** By fingerprint. */
  readonly #sessionWarnings = new Map<string, string>();

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

  plan({ configHash, stores }: Pick<RefreshPlan, 'configHash' | 'stores'>): void {
    this.#configHash = configHash;
    for (const { name, kind } of stores) this.#kinds.set(name, kind);
  }

  warn(warning: string): void {
    this.#warnings.add(warning);
  }

  fail(place: FailureLocation, facts: FailureInfo): void {
    const { connections = facts.connections ?? [], ...where } = place;
    const { type, scope, message, remedy } = facts;
    this.#failures.add({ ...where, type, scope, count: connections.length, connections, message, remedy });
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
    if (facts.sessionWarning !== undefined)
      this.#sessionWarnings.set(facts.fingerprint, facts.sessionWarning);
    for (const { registry, outcome } of facts.probes) {
      this.#proofs.addProbe(registry, facts.fingerprint, outcome);
    }
    this.#tokens.set(facts.fingerprint, {
      registries: [
        ...new Set([...(known?.registries ?? []), ...facts.probes.map((probe) => probe.registry)]),
      ],
      region: facts.region,
      principalArn: facts.principalArn,
      issuedAt: facts.issuedAt,
      expiresAt: facts.expiresAt,
      usableUntil: facts.usableUntil ?? facts.expiresAt,
      outlivesSession: facts.outlivesSession ?? known?.outlivesSession ?? null,
      fingerprint: facts.fingerprint,
      check: worst ?? 'unreachable',
    });
  }

  /** Adds a row for a store and registry, whether or not their connections are refreshed later. */
  expect(store: string, registry: string): void {
    this.#setRow(this.#row(store, registry));
  }

  /** Carries forward the rows of a store that this run could not read, or not completely. */
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
    this.#proofs.addWrite(registry, token.fingerprint);
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

  recordLogin(outcome: DockerLogin): void {
    const { engine, version, registry, login, fingerprint, reason } = outcome;
    this.#proofs.addLogin(outcome);
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

  /** DOCKER_HOST names an engine that cannot be used. */
  noteUnusableEngine(problem: string): void {
    this.warn(`${problem}.`);
    this.#proofs.noteUnusableEngine();
  }

  /**
   * Makes checks that verified nothing failures of the run.
   * @param checks only logins from Docker Engines, or also checks with registries and a run without connections
   */
  failUnproven(checks: 'docker' | 'all'): void {
    for (const { engine, registry, reason } of this.#proofs.listUnproven()) {
      if (checks === 'docker' && engine === undefined) continue;
      const what = engine === undefined ? `The check with registry ${registry}` : 'The login test';
      const failure = describeFailure('TokenUnverified', `${what} verified nothing: ${REASONS[reason]}.`);
      const place = {
        ...(registry === undefined ? {} : { registry }),
        ...(engine === undefined ? {} : { engine }),
      };
      this.fail(
        { stage: 'test', ...place },
        { ...failure, scope: engine === undefined ? 'registry' : 'engine' },
      );
    }
    const isIdle = [...this.#stores.values()].every(({ refreshed }) => refreshed === 0);
    if (checks === 'all' && isIdle && this.#failures.list().length === 0) {
      this.fail({ stage: 'test' }, describeFailure('TokenUnverified', 'No connection was refreshed.'));
    }
  }

  /** What has failed for good, in the order of the steps and not the order in which they ended. */
  listFailures(): FailureReport[] {
    const failures = this.#failures.list().map((failure) => this.#withFailingSince(failure));
    return failures.sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
  }

  report(finishedAt: Date): RefreshReport {
    const failures = this.listFailures();
    const sessions = new SessionEnds([...this.#tokens.values()], this.#previous);
    const tokens = [...this.#tokens.values()].map((token) => sessions.completeToken(token));
    return fitReport({
      outcome: failures.length === 0 ? 'refreshed' : 'incomplete',
      runId: this.#runId,
      configHash: this.#configHash,
      startedAt: this.#startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      tokens,
      stores: [...this.#stores.values()].map((row) => sessions.completeRow(row)),
      docker: this.#docker.toSorted((a, b) => compare(a.engine, b.engine) || compare(a.registry, b.registry)),
      failures,
      unproven: this.#proofs.listUnproven(),
      warnings: [...this.#warnings, ...this.#listSessionWarnings(tokens), ...this.#otherTokenWarnings()],
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
        outlivesSession: carried?.outlivesSession ?? null,
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

  /** Once per principal and end of its session. */
  #listSessionWarnings(tokens: readonly TokenReport[]): Set<string> {
    return new Set(
      tokens.flatMap(({ outlivesSession, fingerprint }) =>
        outlivesSession === false ? (this.#sessionWarnings.get(fingerprint) ?? []) : [],
      ),
    );
  }

  /** Another worker may test with a token of its own, which does not verify the one that was written. */
  #otherTokenWarnings(): string[] {
    return this.#docker
      .filter(
        ({ registry, fingerprint }) => fingerprint !== null && !this.#proofs.isWritten(registry, fingerprint),
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
