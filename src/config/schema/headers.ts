// `headers` of an Airflow instance, for a proxy or gateway in front of it, and those of a token request.
import { isSecretHeader, listUnusual } from '../../net/header-rules.js';
import type { Fault } from '../config-error.js';
import { addFault, findDuplicates } from './checks.js';
import { createFieldsSchema } from './fields.js';

const MAX_HEADERS = 20;
const SET_BY_REQUEST: Fault = {
  code: 'conflict',
  message: 'is set automatically for each request',
  remedy: 'Remove this header.',
};
const SET_BY_URL: Fault = {
  code: 'conflict',
  message: 'is set by `url`',
  remedy: 'Remove this header, and set the host in `url`.',
};
const SET_BY_AUTH: Fault = {
  code: 'conflict',
  message: 'is set by `auth`',
  remedy: 'Remove this header. Use `auth: {token: {env: NAME}}` if Airflow needs a bearer token.',
};
const FORBIDDEN: ReadonlyMap<string, Fault> = new Map([
  ['host', SET_BY_URL],
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

/** For every request to an Airflow instance. */
export const headersSchema = createHeadersSchema(new Map([...FORBIDDEN, ['authorization', SET_BY_AUTH]]));

/** For the request of a token, which may need an `Authorization` header. */
export const tokenHeadersSchema = createHeadersSchema(FORBIDDEN);

function createHeadersSchema(forbidden: ReadonlyMap<string, Fault>) {
  return createFieldsSchema({
    max: MAX_HEADERS,
    invalidName: INVALID_NAME,
    checkName: (name) => checkName(name, forbidden),
    isSecret: isSecretHeader,
    checkValue: checkHeaderValue,
    checkAll(names, context) {
      for (const { item, first } of findDuplicates(names, (name) => name.toLowerCase())) {
        const remedy = 'Remove one of the two: header names are not case-sensitive.';
        addFault(context, { code: 'duplicate', message: `duplicates \`${first}\``, remedy }, [item]);
      }
    },
  });
}

function checkName(name: string, forbidden: ReadonlyMap<string, Fault>): Fault | undefined {
  // The token rule of RFC 9110.
  if (/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) return forbidden.get(name.toLowerCase());
  return INVALID_NAME;
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
