// Owns which way an airflow is signed in to, and that its secrets can be read.
// Refuses none, two at once, half of one, and what no HTTP header could carry.
import type { SettingPath } from './config-error.js';
import type { AirflowAuth } from './refresh-config.js';
import { readSecret, type Reference } from './references.js';
import { checkHeaderValue, readHeaderSecret } from './resolve-headers.js';
import {
  checkRegion,
  checkSecret,
  getField,
  isMapping,
  getKeys,
  reportUrlProblem,
  resolveValue,
  isPresent,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { authSchema, mwaaSchema } from './schema/airflows.js';

/** A way to sign in, and what stands for it in the configuration's hash: references in place of secrets. */
export interface ResolvedAuth {
  readonly auth: AirflowAuth;
  readonly identity: unknown;
}

/** The way of a parsed `auth`; undefined, and reported, when something is wrong with it. */
export function resolveAuth(
  raw: unknown,
  at: SettingPath,
  owner: string,
  resolution: Resolution,
): ResolvedAuth | undefined {
  // The schema has reported an absent one, and one that is no mapping.
  if (!isMapping(raw)) return undefined;
  if (!checkMethod(raw, at, resolution)) return undefined;
  if (getField(raw, 'mwaa') !== undefined)
    return resolveMwaa(getField(raw, 'mwaa'), [...at, 'mwaa'], resolution);
  const { username, password, token } = validFields(authSchema, raw);
  if (token) return resolveToken(token, [...at, 'token'], owner, resolution);
  return resolvePassword(username, password, at, owner, resolution);
}

const METHODS = ['password', 'token', 'mwaa'] as const;

function checkMethod(raw: object, at: SettingPath, { report }: Resolution): boolean {
  const given = METHODS.filter((key) => isPresent(raw, key, authSchema));
  const [first, second] =
    given[0] !== 'password' && isPresent(raw, 'username', authSchema) ? ['username', ...given] : given;
  if (first !== undefined && second !== undefined) {
    report([...at, second], `stands beside ${first}`, 'Keep one way to sign in, and remove the other.');
    return false;
  }
  if (first === undefined) {
    // An unknown key has been reported, with the names of those that are known.
    if (getKeys(raw).length === 0) {
      report(
        at,
        'names no way to sign in',
        'Write for example `auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}`, ' +
          '`{token: {file: PATH}}` or `{mwaa: {environment: NAME, region: REGION}}`.',
      );
    }
    return false;
  }
  if (first === 'username') {
    report([...at, 'password'], 'is missing', 'Write for example `password: {env: AIRFLOW_PASSWORD}`.');
  }
  if (first === 'password' && !isPresent(raw, 'username', authSchema)) {
    report([...at, 'username'], 'is missing', 'Write for example `username: ecr-refresh`.');
  }
  return true;
}

function resolvePassword(
  setting: string | Reference | undefined,
  password: Reference | undefined,
  at: SettingPath,
  owner: string,
  resolution: Resolution,
): ResolvedAuth | undefined {
  const username = resolveValue(setting, [...at, 'username'], resolution);
  if (!password) return undefined;
  const value = checkSecret(password, [...at, 'password'], resolution);
  // Kept, since it may be meant; but it is more often what `echo` has left behind.
  if (value !== undefined && /^\s|\s$|\p{Cc}/u.test(value)) {
    resolution.warn(
      [...at, 'password'],
      'the value begins or ends with a blank, or holds a line break',
      'Remove that if it is no part of it: it is used as it stands.',
    );
  }
  if (username === undefined || value === undefined) return undefined;
  const readPassword = () => readSecret(password, resolution.source, `the password of ${owner}`);
  return { auth: { kind: 'password', username, readPassword }, identity: { username, password } };
}

const BEARER_TWICE = {
  message: 'begins with the word Bearer, which the worker adds itself',
  remedy: 'Keep the token alone.',
};

function resolveToken(
  token: Reference,
  at: SettingPath,
  owner: string,
  resolution: Resolution,
): ResolvedAuth | undefined {
  const value = checkSecret(token, at, resolution);
  if (value === undefined) return undefined;
  const fault = /^bearer\s/i.test(value) ? BEARER_TWICE : checkHeaderValue(value);
  if (fault) return reportUrlProblem(fault, at, resolution);
  const readToken = () => readHeaderSecret(token, resolution.source, `the token of ${owner}`);
  return { auth: { kind: 'token', readToken }, identity: { token } };
}

function resolveMwaa(raw: unknown, at: SettingPath, resolution: Resolution): ResolvedAuth | undefined {
  const settings = validFields(mwaaSchema, raw);
  const environment = resolveValue(settings.environment, [...at, 'environment'], resolution);
  const region = checkRegion(
    resolveValue(settings.region, [...at, 'region'], resolution),
    [...at, 'region'],
    resolution,
  );
  if (environment !== undefined && !/^[A-Za-z][\w-]{0,79}$/.test(environment)) {
    // Grammar of the name: AWS's reference of CreateEnvironment.
    const fault = {
      message: 'is no name of an MWAA environment: letters, digits, hyphens and underscores, a letter first',
      remedy: 'Write for example `environment: my-environment`: the name, not the ARN or address.',
    };
    return reportUrlProblem(fault, [...at, 'environment'], resolution);
  }
  if (environment === undefined || region === undefined) return undefined;
  return { auth: { kind: 'mwaa', environment, region }, identity: { mwaa: { environment, region } } };
}
