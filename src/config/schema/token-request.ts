// `auth.tokenRequest`: the body and headers of the request that returns a token of Airflow 3.
import { z } from 'zod';
import { isSecretHeader } from '../../net/header-rules.js';
import type { Fault } from '../config-error.js';
import { checkTogether, type Settings } from './checks.js';
import { createFieldsSchema, type Field } from './fields.js';
import { tokenHeadersSchema } from './headers.js';

/** What auth managers other than those with user name and password take at `POST /auth/token`. */
export interface TokenRequest {
  /** Fields of the JSON body, each a string. */
  readonly body: readonly Field[];
  readonly headers: readonly Field[];
}

/** As Keycloak's auth manager takes it. */
export const TOKEN_REQUEST_EXAMPLE = {
  body: {
    grant_type: 'client_credentials',
    client_id: 'airflow',
    client_secret: { env: 'AIRFLOW_CLIENT_SECRET' },
  },
};
const INVALID_NAME: Fault = {
  code: 'invalid',
  message: 'is not a valid field name: may have at most 100 letters, digits, dots, hyphens and underscores',
  remedy: 'Use the form `body: {grant_type: client_credentials}`.',
};
const NO_REFERENCE: Fault = {
  code: 'plain-text-secret',
  message: 'has no reference, so its secret would be in plain text',
  remedy:
    'Use a reference for the secret, in the form `body: {client_secret: {env: NAME}}` or ' +
    '`body: {assertion: {file: PATH}}`.',
};

/** Names such as `client_assertion_type` belong to values that describe a secret. */
function isSecretField(name: string): boolean {
  return !/_type$/i.test(name) && (isSecretHeader(name) || /assertion|pass|pwd|jwt/i.test(name));
}

const bodySchema = createFieldsSchema({
  max: 20,
  invalidName: INVALID_NAME,
  checkName: (name) => (/^[\w.-]{1,100}$/.test(name) ? undefined : INVALID_NAME),
  isSecret: isSecretField,
});

const settingsSchema = z.strictObject({
  body: bodySchema.prefault({}).meta({
    description:
      'Fields of the JSON body: text or references, at most 20. A field whose name suggests a secret, such as ' +
      '`client_secret` or `assertion`, must be a reference; at least one field or header must be. References are ' +
      'read again at each login.',
    examples: [
      TOKEN_REQUEST_EXAMPLE.body,
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: { file: '/var/run/secrets/tokens/keycloak' },
      },
    ],
  }),
  headers: tokenHeadersSchema.prefault({}).meta({
    description:
      'Headers of this request only, in addition to `headers` of the Airflow instance; at most 20. The rules of ' +
      '`headers` apply, but Authorization is allowed.',
    examples: [{ Authorization: { env: 'AIRFLOW_LOGIN_HEADER' } }],
  }),
});

export const tokenRequestSchema = checkTogether(settingsSchema, checkReference, (request) => request).meta({
  description:
    'The request that returns a token (`POST /auth/token`), for an auth manager of Airflow 3 that takes something else ' +
    'than user name and password, such as Keycloak.',
  examples: [TOKEN_REQUEST_EXAMPLE],
});

/** A secret can have any name, but a request without a secret logs in no one. */
function checkReference({ valid, isMistyped, report }: Settings<TokenRequest>): void {
  if (!valid.body || !valid.headers || isMistyped('body') || isMistyped('headers')) return;
  const isReference = ({ read }: Field): boolean => typeof read.toJSON() === 'object';
  if (![...valid.body, ...valid.headers].some(isReference)) report(NO_REFERENCE);
}
