// A connection as the Airflow stand-in stores it (in plain text), shows it (masked) and updates it. The rules are those
// of Airflow 3.3.2, including the unexpected ones.

/** A connection with its password in plain text. */
export interface ConnectionRecord {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  login: string | null;
  schema: string | null;
  port: number | null;
  password: string | null;
  /** A JSON object as text. */
  extra: string | null;
}

/** The fields that a request has. */
export type ConnectionFields = Partial<ConnectionRecord>;

/** A connection with the given fields; the others are null. */
export function connectionRecord(
  fields: ConnectionFields & { connection_id: string; conn_type: string },
): ConnectionRecord {
  return {
    description: null,
    host: null,
    login: null,
    schema: null,
    port: null,
    password: null,
    extra: null,
    ...fields,
  };
}

/** The connection as the API shows it: password and secret extras as `***`. */
export function maskedConnection(record: ConnectionRecord): Record<string, unknown> {
  const { connection_id, conn_type, description, host, login, schema, port, password, extra } = record;
  return {
    connection_id,
    conn_type,
    description,
    host,
    login,
    schema,
    port,
    password: password === null || password === '' ? null : '***',
    extra: maskedExtra(extra),
    team_name: null,
  };
}

/**
 * Writes fields into a connection. An empty, null or `***` password changes nothing, although the response is 200;
 * a `***` within extra keeps the stored value.
 * @param mask only these fields are written; unknown names are ignored
 */
export function updateConnection(record: ConnectionRecord, fields: ConnectionFields, mask?: string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    if (mask !== undefined && !mask.includes(name)) continue;
    if (name === 'password' && (value === null || value === '' || value === '***')) continue;
    const merged = name === 'extra' ? mergedExtra(record.extra, value as string | null) : value;
    Object.assign(record, { [name]: merged });
  }
}

/** Airflow's secrets masker masks a key that contains one of these. */
const SECRET_KEYS = [
  'access_token',
  'api_key',
  'apikey',
  'authorization',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'secret',
  'token',
  'keyfile_dict',
  'service_account',
];

function maskedExtra(extra: string | null): string | null {
  const parsed = parseObject(extra);
  return parsed === undefined ? extra : pythonJson(maskSecrets(parsed));
}

function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const masked = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const secret = SECRET_KEYS.some((part) => key.toLowerCase().includes(part));
    return [key, secret && typeof inner !== 'object' ? '***' : maskSecrets(inner)];
  });
  return Object.fromEntries(masked) as unknown;
}

function mergedExtra(before: string | null, after: string | null): string | null {
  const old = parseObject(before);
  const next = parseObject(after);
  if (old === undefined || next === undefined) return after;
  for (const key of Object.keys(next)) if (next[key] === '***' && key in old) next[key] = old[key];
  return pythonJson(next);
}

function parseObject(text: string | null): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** JSON as Python's json.dumps writes it: with a space after each comma and colon. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${pythonJson(inner)}`);
  return `{${members.join(', ')}}`;
}
