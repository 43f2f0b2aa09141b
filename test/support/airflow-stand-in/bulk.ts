// Bulk requests for connections: `PATCH /api/v2/connections`. Airflow returns 200 even if actions fail, and reports the
// failures in the body.
import {
  connectionRecord,
  updateConnection,
  type ConnectionRecord,
} from '../../../sandbox/airflow-stand-in/connection-record.js';
import {
  checkConnection,
  isObject,
  type ConnectionBody,
  type ValidationIssue,
} from '../../../sandbox/airflow-stand-in/validation.js';

export interface BulkAnswer {
  status: number;
  body: unknown;
}

interface BulkResult {
  success: string[];
  errors: { error: string; status_code: number }[];
}

type Store = Map<string, ConnectionRecord>;

/** Runs a bulk request. */
export function answerBulk(store: Store, body: unknown, refusesUpdateMask: boolean): BulkAnswer {
  const actions = isObject(body) ? body['actions'] : undefined;
  if (!Array.isArray(actions)) {
    return refusal([
      { type: 'missing', loc: ['body', 'actions'], msg: 'Field required', input: body ?? null },
    ]);
  }
  const issues: ValidationIssue[] = [];
  for (const [index, action] of (actions as unknown[]).entries()) {
    const kind = isObject(action) ? action['action'] : undefined;
    if (!isObject(action) || !isKind(kind)) return { status: 500, body: 'Internal Server Error' };
    issues.push(...checkAction(action, kind, ['body', 'actions', index, kind], refusesUpdateMask));
  }
  if (issues.length > 0) return refusal(issues);

  const results: Record<string, BulkResult | null> = { create: null, update: null, delete: null };
  for (const action of actions as Record<string, unknown>[]) {
    const kind = action['action'] as Kind;
    const result = (results[kind] ??= { success: [], errors: [] });
    if (kind === 'delete') deleteEach(store, action, result);
    else if (kind === 'create') createEach(store, action, result);
    else updateEach(store, action, result);
  }
  return { status: 200, body: results };
}

type Kind = 'create' | 'update' | 'delete';

function isKind(value: unknown): value is Kind {
  return value === 'create' || value === 'update' || value === 'delete';
}

function checkAction(
  action: Record<string, unknown>,
  kind: Kind,
  loc: (string | number)[],
  refusesUpdateMask: boolean,
): ValidationIssue[] {
  const entities = action['entities'];
  if (!Array.isArray(entities)) {
    return [{ type: 'missing', loc: [...loc, 'entities'], msg: 'Field required', input: action }];
  }
  const issues =
    kind === 'delete'
      ? []
      : entities.flatMap((entity, index) => checkConnection(entity, [...loc, 'entities', index]));
  if (refusesUpdateMask && action['update_mask'] !== undefined) {
    const msg = 'Extra inputs are not permitted';
    const input = action['update_mask'];
    issues.push({ type: 'extra_forbidden', loc: [...loc, 'update_mask'], msg, input });
  }
  return issues;
}

/** Airflow lists every validation error of a bulk request twice. */
function refusal(issues: ValidationIssue[]): BulkAnswer {
  return { status: 422, body: { detail: [...issues, ...issues] } };
}

/**
 * With `fail`, the default, one missing connection fails the whole action. With `skip`, it is ignored without an error.
 */
function updateEach(store: Store, action: Record<string, unknown>, result: BulkResult): void {
  const entities = action['entities'] as ConnectionBody[];
  const missing = entities.map((entity) => entity.connection_id).filter((id) => !store.has(id));
  if (missing.length > 0 && action['action_on_non_existence'] !== 'skip') {
    result.errors.push(notFound(missing));
    return;
  }
  for (const entity of entities) {
    const record = store.get(entity.connection_id);
    if (record === undefined) continue;
    updateConnection(record, entity); // an update_mask is accepted and ignored (Airflow 3.2 to 3.3.2)
    result.success.push(entity.connection_id);
  }
}

function createEach(store: Store, action: Record<string, unknown>, result: BulkResult): void {
  const entities = action['entities'] as ConnectionBody[];
  const existing = entities.map((entity) => entity.connection_id).filter((id) => store.has(id));
  const onExistence = action['action_on_existence'] ?? 'fail';
  if (existing.length > 0 && onExistence === 'fail') {
    const error = `The connections with these connection_ids: ${pythonSet(existing)} already exist.`;
    result.errors.push({ error, status_code: 409 });
    return;
  }
  for (const entity of entities) {
    const record = store.get(entity.connection_id);
    if (record === undefined) store.set(entity.connection_id, connectionRecord(entity));
    else if (onExistence === 'overwrite') updateConnection(record, entity);
    else continue;
    result.success.push(entity.connection_id);
  }
}

function deleteEach(store: Store, action: Record<string, unknown>, result: BulkResult): void {
  const ids = (action['entities'] as unknown[]).map((entity) =>
    isObject(entity) ? String(entity['connection_id']) : String(entity),
  );
  const missing = ids.filter((id) => !store.has(id));
  if (missing.length > 0 && action['action_on_non_existence'] !== 'skip') {
    result.errors.push(notFound(missing));
    return;
  }
  for (const id of ids) if (store.delete(id)) result.success.push(id);
}

function notFound(ids: string[]): { error: string; status_code: number } {
  const error = `The connections with these connection_ids: ${pythonSet(ids)} were not found.`;
  return { error, status_code: 404 };
}

function pythonSet(ids: string[]): string {
  return `{${[...new Set(ids)].map((id) => `'${id}'`).join(', ')}}`;
}
