// Whether tokens outlive their AWS session, by registry and role: what this run has found out, else what earlier runs
// have. It is carried forward in the rows, because a run may get no token.
import type { RefreshReport, StoreReport, TokenReport } from './report.js';
import { isSameRole } from './token.js';

interface Finding {
  readonly principalArn: string | null;
  readonly outlivesSession: boolean;
}

export class SessionEnds {
  /** By registry, the ones to be preferred first. */
  readonly #findings = new Map<string, Finding[]>();

  /** @param tokens of this run; null where it has not found out */
  constructor(tokens: readonly TokenReport[], previous: RefreshReport | undefined) {
    // Two workers of one run may have found out different things: a token that has ended counts.
    this.#add(tokens.filter(({ outlivesSession }) => outlivesSession === false));
    this.#add(tokens);
    this.#add(previous?.tokens ?? []);
    this.#add((previous?.stores ?? []).map((row) => ({ ...row, registries: [row.registry] })));
  }

  completeToken(token: TokenReport): TokenReport {
    return { ...token, outlivesSession: this.#find(token.registries, token.principalArn) };
  }

  completeRow(row: StoreReport): StoreReport {
    return { ...row, outlivesSession: this.#find([row.registry], row.principalArn) };
  }

  #find(registries: readonly string[], principalArn: string | null): boolean | null {
    for (const registry of registries) {
      const finding = this.#findings
        .get(registry)
        ?.find((candidate) => isSameRole(candidate.principalArn, principalArn));
      if (finding) return finding.outlivesSession;
    }
    return null;
  }

  #add(
    rows: readonly {
      readonly registries: readonly string[];
      readonly principalArn: string | null;
      readonly outlivesSession: boolean | null;
    }[],
  ): void {
    for (const { registries, principalArn, outlivesSession } of rows) {
      if (outlivesSession === null) continue;
      for (const registry of registries) {
        const findings = this.#findings.get(registry) ?? [];
        findings.push({ principalArn, outlivesSession });
        this.#findings.set(registry, findings);
      }
    }
  }
}
