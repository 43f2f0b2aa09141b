// Writes the token into connections of one store and registry. Returns what was written and what must be retried.
import type { UpdateInput, UpdateOutcome } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { RefreshFailure } from '../refresh/failures.js';
import { toRejection } from '../refresh/registry-probe.js';
import { toTokenInfo } from '../refresh/token-info.js';
import { getAllowedConfig, getAllowedRules, getAllowedStore } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { readForWrite, type ReadConnections, type Write } from './read-for-write.js';
import { toProblem } from './for-each-connection.js';
import { resolveTokenGroup } from './resolve-token-group.js';
import { writePasswords, type Writes } from './write-passwords.js';

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed or TokenRejected; also the failures of
 *   RegistryResolver, TokenSource and ConnectionStore. A failure of ConnectionStore is thrown only if there is no
 *   result for any connection.
 */
export async function updateConnections(
  shared: Dependencies,
  attempt: Attempt,
  input: UpdateInput,
): Promise<UpdateOutcome> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const store = getAllowedStore(allowed, input.store);
  const { registry, attemptsBefore, witness, connections } = input;
  const rules = getAllowedRules(store, witness === undefined ? connections : [...connections, witness]);
  const group = await resolveTokenGroup(shared, allowed, registry, input.group, attempt, rules.values());
  const { token, probe } = await shared.tokens.take(attempt, group, registry, allowed.getImages(registry));
  const rejection = toRejection(probe);
  if (rejection) throw new RefreshFailure(rejection.type, rejection.message, rejection.remedy);
  const write: Write = {
    context: { shared, allowed, attempt },
    store,
    rules,
    registry,
    token,
    attemptsBefore,
    ...(witness === undefined ? {} : { witness }),
  };
  const read = await readForWrite(write, connections, input.listed);
  const result = await writeRead(write, read);
  return {
    written: [...read.created, ...result.written],
    refused: [...read.refused, ...result.refused],
    toRetry: [...read.toRetry, ...result.toRetry],
    token: toTokenInfo(token, allowed.schedule, [probe], shared.tokens.getOutlivesSession(group)),
  };
}

/** Keeps the earlier results when the write fails. */
async function writeRead(write: Write, { records, created, refused }: ReadConnections): Promise<Writes> {
  try {
    return await writePasswords(write, records);
  } catch (error) {
    if (!(error instanceof RefreshFailure) || created.length + refused.length === 0) throw error;
    return { written: [], refused: [], toRetry: records.map(({ id }) => toProblem(id, error)) };
  }
}
