// Validates request bodies as Airflow does, with Airflow's error messages. Like Airflow's, they repeat the input,
// including passwords.
import type { ConnectionFields } from './connection-record.js';

/** One entry of the `detail` of a 422. */
export interface ValidationIssue {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: unknown;
  ctx?: Record<string, unknown>;
}

/** A connection with its two required fields. */
export type ConnectionBody = ConnectionFields & { connection_id: string; conn_type: string };

const NULLABLE_TEXTS = ['description', 'host', 'login', 'schema', 'password', 'extra', 'team_name'];
const ID_PATTERN = '^[\\w.-]+$';
/** The same in JavaScript: `\w` of Airflow's validator includes letters, marks and digits of all languages. */
const ID = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}.-]+$/u;

/** The validation errors of a connection in a body; empty when it is a {@link ConnectionBody}. */
export function checkConnection(value: unknown, loc: (string | number)[]): ValidationIssue[] {
  if (!isObject(value)) return [notAnObject(value, loc)];
  const issues: ValidationIssue[] = [];
  const report = (field: string, type: string, msg: string, ctx?: Record<string, unknown>): void => {
    const input = type === 'missing' ? value : value[field];
    issues.push({ type, loc: [...loc, field], msg, input, ...(ctx === undefined ? {} : { ctx }) });
  };
  for (const field of ['connection_id', 'conn_type']) {
    if (value[field] === undefined) report(field, 'missing', 'Field required');
    else if (typeof value[field] !== 'string') report(field, 'string_type', 'Input should be a valid string');
    else if (field === 'connection_id' && !ID.test(value[field])) {
      const msg = `String should match pattern '${ID_PATTERN}'`;
      report(field, 'string_pattern_mismatch', msg, { pattern: ID_PATTERN });
    }
  }
  for (const [field, inner] of Object.entries(value)) {
    if (field === 'connection_id' || field === 'conn_type' || inner === null) continue;
    if (NULLABLE_TEXTS.includes(field)) {
      if (typeof inner !== 'string') report(field, 'string_type', 'Input should be a valid string');
    } else if (field === 'port') {
      if (!Number.isInteger(inner)) {
        report(field, 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer');
      }
    } else {
      report(field, 'extra_forbidden', 'Extra inputs are not permitted');
    }
  }
  return issues;
}

/** The validation error for a value that must be an object. */
export function notAnObject(value: unknown, loc: (string | number)[]): ValidationIssue {
  if (value === undefined) return { type: 'missing', loc, msg: 'Field required', input: null };
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  return { type: 'model_attributes_type', loc, msg, input: value };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
