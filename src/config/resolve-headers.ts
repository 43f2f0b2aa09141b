// Owns the extra headers of an airflow: which names may be set, and what their values may hold.
// Refuses headers that the request itself decides, secrets in clear, and values that would end a header line.
import { RefreshFailure } from '../refresh/failures.js';
import { Secret } from '../log/secret.js';
import type { UrlProblem } from './urls.js';
import { formatPath, type SettingPath } from './config-error.js';
import type { ExtraHeader } from '../net/http.js';
import { readSecret, type Reference, type ReferenceSource } from './references.js';
import { checkSecret, getField, getKeys, reportUrlProblem, type Resolution } from './resolve-values.js';
import { valueOrReference } from './schema/values.js';

const MAX_HEADERS = 20;
const FORBIDDEN: Readonly<Record<string, UrlProblem>> = {
  authorization: {
    message: 'is the header that the worker signs in by',
    remedy: 'Remove it, and give a bearer token as `auth: {token: {env: NAME}}`.',
  },
  host: { message: 'follows from `url`', remedy: 'Remove it, and name the right host in `url`.' },
  ...Object.fromEntries(
    ['content-length', 'content-type', 'transfer-encoding', 'connection'].map((name) => [
      name,
      { message: 'is decided by each request itself', remedy: 'Remove it.' },
    ]),
  ),
};
/** Names by which proxies and gateways ask for something that only the worker may know. */
const SECRET_NAME = /auth|key|token|secret|password|cookie|credential|signature/i;

export interface ResolvedHeader {
  readonly header: ExtraHeader;
  /** The text, or the reference that stands for it in the configuration's hash. */
  readonly setting: string | Reference;
}

/** The headers of a parsed `headers`, ordered by name; those with faults, all reported, are left out. */
export function resolveHeaders(raw: unknown, at: SettingPath, resolution: Resolution): ResolvedHeader[] {
  const names = getKeys(raw);
  if (names.length > MAX_HEADERS) {
    resolution.report(at, `has more than ${MAX_HEADERS} entries`, 'Remove those that nothing asks for.');
    return [];
  }
  const seen = new Map<string, string>();
  const headers: ResolvedHeader[] = [];
  for (const name of names) {
    const here = [...at, name];
    const fault = checkName(name, seen.get(name.toLowerCase()));
    seen.set(name.toLowerCase(), formatPath(here));
    if (fault) {
      reportUrlProblem(fault, here, resolution);
      continue;
    }
    const header = resolveHeader(
      name,
      valueOrReference.safeParse(getField(raw, name)).data,
      here,
      resolution,
    );
    if (header) headers.push(header);
  }
  return headers.sort((a, b) => (a.header.name.toLowerCase() < b.header.name.toLowerCase() ? -1 : 1));
}

function checkName(name: string, first: string | undefined): UrlProblem | undefined {
  // Tokens of RFC 9110.
  if (!/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) {
    return { message: 'is no name of a header', remedy: 'Write for example `headers: {X-Team: data}`.' };
  }
  if (first !== undefined) {
    return { message: `repeats the header of ${first}`, remedy: 'Remove one: capitals make no difference.' };
  }
  return FORBIDDEN[name.toLowerCase()];
}

function resolveHeader(
  name: string,
  setting: string | Reference | undefined,
  at: SettingPath,
  resolution: Resolution,
): ResolvedHeader | undefined {
  if (setting === undefined) return undefined;
  const { source } = resolution;
  if (typeof setting === 'string' && SECRET_NAME.test(name)) {
    const fault = {
      message: 'stands here in clear; a header of this name must be given as {env: NAME} or {file: PATH}',
      remedy: `Write for example \`${name}: {env: AIRFLOW_HEADER}\`.`,
    };
    return reportUrlProblem(fault, at, resolution);
  }
  const value = typeof setting === 'string' ? setting : checkSecret(setting, at, resolution);
  const fault = value === undefined ? undefined : checkHeaderValue(value);
  if (fault) return reportUrlProblem(fault, at, resolution);
  if (value === undefined) return undefined;
  const read =
    typeof setting === 'string'
      ? () => new Secret(setting)
      : () => readHeaderSecret(setting, source, formatPath(at));
  return { header: { name, read }, setting };
}

/** What is wrong with the value of a header; undefined when it may be sent. */
export function checkHeaderValue(value: string): UrlProblem | undefined {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return undefined;
  return {
    message:
      'begins or ends with a blank, or holds a line break or characters beyond ASCII: no header carries it',
    remedy: 'Check it for a second line, and for blanks at its ends.',
  };
}

/**
 * Reads a secret that goes into a header at the moment it is needed.
 * @param owner whose secret it is, for the message
 * @throws RefreshFailure ConfigInvalid
 */
export function readHeaderSecret(reference: Reference, source: ReferenceSource, owner: string): Secret {
  const secret = readSecret(reference, source, owner);
  const fault = checkHeaderValue(secret.reveal());
  if (fault) throw new RefreshFailure('ConfigInvalid', `${owner}: ${fault.message}`, fault.remedy);
  return secret;
}
