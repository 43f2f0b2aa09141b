// What verified the tokens that a run has written: their registries, and logins from Docker Engines.
import type { DockerLogin, ProbeOutcome } from './activity-types.js';
import type { UnprovenReport } from './report.js';

const BEST_FIRST: readonly ProbeOutcome[] = ['accepted', 'inconclusive', 'unreachable', 'rejected'];

export class RunProofs {
  /** The best result for each pair of registry and token: once accepted, a token is proven. */
  readonly #probes = new Map<string, ProbeOutcome>();
  /** Pairs of registry and token that were written to connections. */
  readonly #written = new Map<string, { readonly registry: string; readonly fingerprint: string }>();
  readonly #logins: DockerLogin[] = [];
  #isEngineUnusable = false;

  addProbe(registry: string, fingerprint: string, outcome: ProbeOutcome): void {
    const key = toKey(registry, fingerprint);
    const known = this.#probes.get(key);
    const best = BEST_FIRST.find((candidate) => candidate === known || candidate === outcome);
    this.#probes.set(key, best ?? outcome);
  }

  addWrite(registry: string, fingerprint: string): void {
    this.#written.set(toKey(registry, fingerprint), { registry, fingerprint });
  }

  addLogin(login: DockerLogin): void {
    this.#logins.push(login);
  }

  /** DOCKER_HOST names an engine that cannot be used. */
  noteUnusableEngine(): void {
    this.#isEngineUnusable = true;
  }

  isWritten(registry: string, fingerprint: string): boolean {
    return this.#written.has(toKey(registry, fingerprint));
  }

  /** Checks that should have verified a written token and did not, without duplicates. */
  listUnproven(): UnprovenReport[] {
    if (this.#written.size === 0) return [];
    const all = [
      ...this.#listUnprovenRegistries(),
      ...this.#logins.flatMap(toUnprovenLogin),
      ...(this.#isEngineUnusable ? [{ engine: 'DOCKER_HOST', reason: 'not tested' as const }] : []),
    ];
    return [...new Map(all.map((item) => [JSON.stringify(item), item])).values()];
  }

  #listUnprovenRegistries(): UnprovenReport[] {
    const proven = new Set(
      this.#logins
        .filter(({ login }) => login === 'ok')
        .map(({ registry, fingerprint }) => toKey(registry, fingerprint ?? '')),
    );
    return [...this.#written].flatMap(([key, { registry }]) => {
      const outcome = this.#probes.get(key) ?? 'unreachable';
      if (outcome === 'accepted' || proven.has(key)) return [];
      return [{ registry, reason: outcome === 'inconclusive' ? outcome : 'unreachable' }];
    });
  }
}

/** An engine that no one named may be absent. */
function toUnprovenLogin({ engine, registry, version, login, isDefault }: DockerLogin): UnprovenReport[] {
  if (login === 'inconclusive') return [{ engine, registry, reason: 'inconclusive' }];
  if (login !== 'none' || isDefault) return [];
  // An engine that cannot be reached is one problem, whatever the number of registries.
  return [{ engine, ...(version === null ? {} : { registry }), reason: 'not tested' }];
}

function toKey(registry: string, fingerprint: string): string {
  return JSON.stringify([registry, fingerprint]);
}
