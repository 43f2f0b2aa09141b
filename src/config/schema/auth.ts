// `auth` of an Airflow instance: exactly one of user name and password, token, or Amazon MWAA.
import { z } from 'zod';
import { isRegion } from '../../refresh/aws-regions.js';
import type { Fault } from '../config-error.js';
import type { ReadSecret } from '../references.js';
import { checkTogether, report, requiredBy, type Settings } from './checks.js';
import { forbid, requireOneOf } from './for-editors.js';
import { checkHeaderValue } from './headers.js';
import { secret, text } from './values.js';

/** How the worker logs in to an Airflow instance. */
export type AirflowAuth =
  /** A JWT on Airflow 3, Basic on Airflow 2. */
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  /** A bearer token, read at each login. */
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  /** Amazon MWAA, through InvokeRestApi of AWS and without a `url`. */
  | { readonly kind: 'mwaa'; readonly environment: string; readonly region: string };

const mwaaSchema = z.strictObject({
  environment: text.superRefine(report(checkEnvironment)).meta({
    description: 'Name of the MWAA environment.',
    examples: ['my-environment'],
  }),
  region: text
    .superRefine(report((region) => (isRegion(region) ? undefined : NOT_A_REGION)))
    .meta({ description: 'AWS region of the environment.', examples: ['us-east-1'] }),
});

export const NOT_A_REGION: Fault = { code: 'invalid', message: 'is not a valid AWS region' };

/** Syntax of the name: CreateEnvironment in the AWS API reference. */
function checkEnvironment(name: string): Fault | undefined {
  if (/^[A-Za-z][\w-]{0,79}$/.test(name)) return undefined;
  return {
    code: 'invalid',
    message:
      'is not a valid MWAA environment name: may have at most 80 characters: letters, digits, hyphens and ' +
      'underscores; must begin with a letter',
    remedy: 'Use the name, not the ARN or URL, in the form `environment: my-environment`.',
  };
}

const settingsSchema = z.strictObject({
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
  token: secret(checkToken)
    .exactOptional()
    .meta({
      description:
        'Bearer token for a managed Airflow such as Astronomer or Cloud Composer. Read again for each request, so ' +
        'that a file with a short-lived token can be replaced at any time.',
      examples: [{ file: 'secrets/airflow-token' }],
    }),
  mwaa: mwaaSchema.exactOptional().meta({
    description:
      'An Amazon MWAA environment, called through AWS (`airflow:InvokeRestApi`) with the AWS credentials of the ' +
      'worker. Cannot be combined with `url`, `headers`, `caFile` or `allowInsecureHttp`.',
    examples: [{ environment: 'my-environment', region: 'us-east-1' }],
  }),
});

type AuthSettings = z.output<typeof settingsSchema>;

export const authSchema = checkTogether(settingsSchema, checkMethods, toAuth).meta({
  ...requireOneOf(['username', 'password'], ['token'], ['mwaa']),
  dependentSchemas: {
    token: forbid('token', 'username', 'password', 'mwaa'),
    mwaa: forbid('mwaa', 'username', 'password'),
  },
});

function checkToken(value: string): Fault | undefined {
  if (!/^bearer\s/i.test(value)) return checkHeaderValue(value);
  return {
    code: 'invalid',
    message: 'begins with the word Bearer, which the worker adds',
    remedy: 'Remove this word from the value.',
  };
}

function checkMethods({ isGiven, report: add }: Settings<AuthSettings>): void {
  const given = ['username', 'password', 'token', 'mwaa'].filter((key) => isGiven(key));
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
    'Use the form `auth: {username: ecr-refresh, password: {env: NAME}}`, `auth: {token: {file: PATH}}` or ' +
    '`auth: {mwaa: {environment: my-environment, region: us-east-1}}`.',
};

function toAuth({ username = '', password, token, mwaa }: AuthSettings): AirflowAuth {
  if (mwaa) return { kind: 'mwaa', ...mwaa };
  if (token) return { kind: 'token', readToken: token };
  if (password) return { kind: 'password', username, readPassword: password };
  throw new TypeError('checked by checkMethods');
}
