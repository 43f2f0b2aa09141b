// `headers` of an Airflow instance, for a proxy or gateway in front of it.
import { z } from 'zod';
import { Secret } from '../../log/secret.js';
import { isSecretHeader, listUnusual } from '../../net/header-rules.js';
import type { ExtraHeader } from '../../net/http.js';
import type { Fault } from '../config-error.js';
import { Reference, toReadSecret } from '../references.js';
import { addFault, findDuplicates, isMapping } from './checks.js';
import { readText, textSetting } from './values.js';

const MAX_HEADERS = 20;
const SET_BY_REQUEST: Fault = {
  code: 'conflict',
  message: 'is set automatically for each request',
  remedy: 'Remove this header.',
};
const FORBIDDEN: ReadonlyMap<string, Fault> = new Map([
  [
    'authorization',
    {
      code: 'conflict',
      message: 'is set by `auth`',
      remedy: 'Remove this header. Use `auth: {token: {env: NAME}}` if Airflow needs a bearer token.',
    },
  ],
  [
    'host',
    {
      code: 'conflict',
      message: 'is set by `url`',
      remedy: 'Remove this header, and set the host in `url`.',
    },
  ],
  ['content-length', SET_BY_REQUEST],
  ['content-type', SET_BY_REQUEST],
  ['transfer-encoding', SET_BY_REQUEST],
  ['connection', SET_BY_REQUEST],
]);
const INVALID_NAME: Fault = {
  code: 'invalid',
  message: 'is not a valid header name',
  remedy: 'Use the form `headers: {X-Team: data}`.',
};

/** Ordered by name, so that the order in the file does not matter. */
export const headersSchema = z
  .preprocess(
    // A single header named `env` or `file` is not a reference.
    (value, context) => {
      const headers = value instanceof Reference ? value.toJSON() : value;
      // zod drops this name.
      if (isMapping(headers) && Object.hasOwn(headers, '__proto__'))
        addFault(context, INVALID_NAME, ['__proto__']);
      return headers;
    },
    z.record(z.string(), textSetting),
  )
  .superRefine(checkHeaders, { when: ({ value }) => isMapping(value) })
  .transform((headers): readonly ExtraHeader[] =>
    Object.entries(headers)
      .map(([name, setting]) => ({ name, read: toRead(setting) }))
      .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)),
  );

/** Also runs when some of them are not text. */
function checkHeaders(
  headers: Readonly<Record<string, string | Reference>>,
  context: z.core.$RefinementCtx,
): void {
  const invalid = new Set(context.issues.map(({ path = [] }) => path[0]));
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) {
    const remedy = 'Remove headers that are not needed.';
    addFault(context, { code: 'too-many', message: `has more than ${MAX_HEADERS} entries`, remedy });
  }
  for (const [name, setting] of Object.entries(headers)) {
    const fault = invalid.has(name) ? undefined : (checkName(name) ?? checkSetting(name, setting));
    if (fault) addFault(context, fault, [name]);
  }
  for (const { item, first } of findDuplicates(names, (name) => name.toLowerCase())) {
    const remedy = 'Remove one of the two: header names are not case-sensitive.';
    addFault(context, { code: 'duplicate', message: `duplicates \`${first}\``, remedy }, [item]);
  }
}

function checkName(name: string): Fault | undefined {
  // The token rule of RFC 9110.
  if (/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) return FORBIDDEN.get(name.toLowerCase());
  return INVALID_NAME;
}

function checkSetting(name: string, setting: string | Reference): Fault | undefined {
  if (typeof setting === 'string' && isSecretHeader(name)) {
    return {
      code: 'plain-text-secret',
      message: 'must not be in plain text',
      remedy: `Use the form \`${name}: {env: NAME}\` (an environment variable) or \`${name}: {file: PATH}\`.`,
    };
  }
  const reading = readText(setting);
  return 'code' in reading ? reading : checkHeaderValue(reading.result);
}

function toRead(setting: string | Reference): ExtraHeader['read'] {
  if (typeof setting !== 'string') return toReadSecret(setting, checkHeaderValue);
  return Object.assign(() => new Secret(setting), { toJSON: () => setting });
}

/** What is wrong with the value of a header. */
export function checkHeaderValue(value: string): Fault | undefined {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return undefined;
  return {
    code: 'invalid',
    message: `cannot be sent in a header, because it ${listUnusual(value, true).join(' and ')}`,
    remedy: 'Remove these characters from the value.',
  };
}
