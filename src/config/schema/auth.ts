// `auth` of an Airflow instance: exactly one of user name and password, token request, token, or Amazon MWAA.
import { z } from 'zod';
import type { Fault } from '../config-error.js';
import type { ConfigFolder } from '../config-folder.js';
import type { ReadSecret } from '../references.js';
import { checkTogether, requiredBy, type Settings } from './checks.js';
import { forbid, requireOneOf } from './for-editors.js';
import { checkHeaderValue } from './headers.js';
import { createMwaaSchema, type MwaaEnvironment } from './mwaa.js';
import { TOKEN_REQUEST_EXAMPLE, tokenRequestSchema, type TokenRequest } from './token-request.js';
import { secret, text } from './values.js';

/** How the worker logs in to an Airflow instance. */
export type AirflowAuth =
  /** A JWT on Airflow 3, Basic on Airflow 2. */
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  /** A JWT for a request of any content; Airflow 3 only. */
  | ({ readonly kind: 'token-request' } & TokenRequest)
  /** A bearer token, read at each login. */
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  /** Amazon MWAA, through InvokeRestApi of AWS and without a `url`. */
  | ({ readonly kind: 'mwaa' } & MwaaEnvironment);

export const PASSWORD_EXAMPLE = { username: 'ecr-refresh', password: { env: 'AIRFLOW_PASSWORD' } };

const METHODS = ['username', 'password', 'tokenRequest', 'token', 'mwaa'] as const;

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    username: text.exactOptional().meta({
      description: 'Airflow user name of the worker, for login with a password.',
      examples: ['ecr-refresh'],
    }),
    password: secret()
      .exactOptional()
      .meta({
        description: 'Password of that user. Read again at each login, so that a rotated password is used.',
        examples: [{ env: 'AIRFLOW_PASSWORD' }],
      }),
    tokenRequest: tokenRequestSchema.exactOptional(),
    token: secret(checkToken)
      .exactOptional()
      .meta({
        description:
          'Bearer token for a managed Airflow such as Astronomer or Cloud Composer. Read again for each request, so ' +
          'that a file with a short-lived token can be replaced at any time.',
        examples: [{ file: 'secrets/airflow-token' }],
      }),
    mwaa: createMwaaSchema(folder)
      .exactOptional()
      .meta({
        description:
          'An Amazon MWAA environment, called through AWS (`airflow:InvokeRestApi`), by default with the AWS ' +
          'credentials of the worker. Cannot be combined with `url`, `headers`, `caFile` or `allowInsecureHttp`.',
        examples: [
          { environment: 'my-environment', region: 'us-east-1' },
          {
            environment: 'my-environment',
            region: 'us-east-1',
            roleArn: 'arn:aws:iam::123456789012:role/airflow-ecr-refresh',
          },
        ],
      }),
  });
}

type AuthSettings = z.output<ReturnType<typeof createSettingsSchema>>;

export function createAuthSchema(folder: ConfigFolder) {
  return checkTogether(createSettingsSchema(folder), checkMethods, toAuth).meta({
    description:
      'How the worker logs in: exactly one of user name and password, token request, token, or MWAA.',
    examples: [
      PASSWORD_EXAMPLE,
      { tokenRequest: TOKEN_REQUEST_EXAMPLE },
      { token: { file: 'secrets/airflow-token' } },
      { mwaa: { environment: 'my-environment', region: 'us-east-1' } },
    ],
    ...requireOneOf(['username', 'password'], ['tokenRequest'], ['token'], ['mwaa']),
    dependentSchemas: {
      tokenRequest: forbid('tokenRequest', 'username', 'password', 'token', 'mwaa'),
      token: forbid('token', 'username', 'password', 'mwaa'),
      mwaa: forbid('mwaa', 'username', 'password'),
    },
  });
}

function checkToken(value: string): Fault | undefined {
  if (!/^bearer\s/i.test(value)) return checkHeaderValue(value);
  return {
    code: 'invalid',
    message: 'begins with the word Bearer, which the worker adds',
    remedy: 'Remove this word from the value.',
  };
}

function checkMethods({ isGiven, report: add }: Settings<AuthSettings>): void {
  const given = METHODS.filter((key) => isGiven(key));
  const [first, second] = given.filter((key) => key !== 'password' || !given.includes('username'));
  if (first === undefined) return add(NO_METHOD);
  if (second !== undefined) {
    const remedy = 'Keep one authentication method, and remove the other.';
    return add({ code: 'conflict', message: `cannot be combined with \`${first}\``, remedy }, second);
  }
  if (first === 'username' && !isGiven('password')) add(requiredBy('username'), 'password');
  if (first === 'password') add(requiredBy('password'), 'username');
}

const NO_METHOD: Fault = {
  code: 'missing',
  message: 'has no authentication method',
  remedy:
    'Use the form `auth: {username: ecr-refresh, password: {env: NAME}}`, `auth: {token: {file: PATH}}`, ' +
    '`auth: {tokenRequest: {body: {…}}}` or `auth: {mwaa: {environment: my-environment, region: us-east-1}}`.',
};

function toAuth({ username = '', password, tokenRequest, token, mwaa }: AuthSettings): AirflowAuth {
  if (mwaa) return { kind: 'mwaa', ...mwaa };
  if (tokenRequest) return { kind: 'token-request', ...tokenRequest };
  if (token) return { kind: 'token', readToken: token };
  if (password) return { kind: 'password', username, readPassword: password };
  throw new TypeError('checked by checkMethods');
}
