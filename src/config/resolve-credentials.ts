// Owns the way from `credentials` of a registry to the principal that its tokens are obtained as.
// Refuses what cannot go together, what AWS would refuse, and roles of another partition than the region.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import ms from 'ms';

import type { Partition } from '../refresh/aws-regions.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../refresh/token-group.js';
import type { SettingPath } from './config-error.js';
import {
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
import { credentialsSchema } from './schema/registries.js';

const SESSION_NAME = 'airflow-ecr-refresh';
/** AWS's limits of AssumeRole; a role that a role assumes has an hour. */
const SESSION_MS = { least: 900_000, most: 43_200_000, chained: 3_600_000 } as const;

/** A principal, and what it is as plain data: the same on every worker, wherever files lie. */
export interface ResolvedPrincipal {
  readonly principal: Principal;
  readonly identity: unknown;
}

const DEFAULT: ResolvedPrincipal = { principal: DEFAULT_PRINCIPAL, identity: undefined };

type Credentials = ReturnType<typeof validFields<typeof credentialsSchema>>;

/** @param partition that of the registry's region; undefined where an Airflow Variable says the region */
export function resolveCredentials(
  raw: unknown,
  at: SettingPath,
  partition: Partition | undefined,
  resolution: Resolution,
): ResolvedPrincipal | undefined {
  if (raw === undefined) return DEFAULT;
  if (!isMapping(raw)) return undefined;
  const settings = validFields(credentialsSchema, raw);
  const areTogether = checkTogether(raw, at, resolution);
  const roles = [...(settings.via ?? []), ...(settings.roleArn === undefined ? [] : [settings.roleArn])];
  const ownPartition = roles.every((arn) => checkPartition(arn, settings, at, partition, resolution));
  if (!areTogether || !ownPartition) return undefined;
  if (settings.profile !== undefined) {
    const { profile } = settings;
    return { principal: { kind: 'profile', name: `profile:${profile}`, profile }, identity: { profile } };
  }
  if (settings.roleArn === undefined) return undefined;
  return getField(raw, 'webIdentityTokenFile') === undefined
    ? resolveRole(settings.roleArn, settings, at, resolution)
    : resolveWebIdentity(settings.roleArn, settings, at, resolution);
}

/** Settings that say something of a role, and nothing without one. */
const OF_ROLES = ['via', 'externalId', 'sessionName', 'sessionDuration', 'webIdentityTokenFile'] as const;

function checkTogether(raw: object, at: SettingPath, { report }: Resolution): boolean {
  const isGiven = (key: string): boolean => isPresent(raw, key, credentialsSchema);
  const refuse = (key: string, message: string, remedy: string): false => {
    report([...at, key], message, remedy);
    return false;
  };
  if (isGiven('profile')) {
    const [other] = getKeys(raw).filter((key) => key === 'roleArn' || OF_ROLES.some((name) => name === key));
    return other === undefined
      ? true
      : refuse(other, 'stands beside profile', 'Remove one of the two; a profile may say `role_arn` itself.');
  }
  if (!isGiven('roleArn')) {
    const example = 'Write for example `roleArn: arn:aws:iam::123456789012:role/ecr-pull`';
    if (getKeys(raw).length > 0) return refuse('roleArn', 'is missing', `${example}.`);
    report(at, 'names no credentials', `${example}, or \`profile: production\`; or remove it.`);
    return false;
  }
  if (!isGiven('webIdentityTokenFile')) return true;
  const [other] = (['via', 'externalId', 'sessionDuration'] as const).filter(isGiven);
  return other === undefined
    ? true
    : refuse(
        other,
        'stands beside webIdentityTokenFile',
        'Remove it: such a role is assumed with the token alone.',
      );
}

function checkPartition(
  arn: string,
  { roleArn }: Credentials,
  at: SettingPath,
  partition: Partition | undefined,
  { report }: Resolution,
): boolean {
  const own = arn.split(':')[1];
  if (partition === undefined || own === partition.name) return true;
  report(
    [...at, arn === roleArn ? 'roleArn' : 'via'],
    `has a role of partition ${own}, and the region of the registry is of ${partition.name}`,
    `Write \`${arn.replace(/^arn:[^:]+/, `arn:${partition.name}`)}\`, or fix the region.`,
  );
  return false;
}

function resolveRole(
  roleArn: string,
  settings: Credentials,
  at: SettingPath,
  resolution: Resolution,
): ResolvedPrincipal | undefined {
  const { via = [], sessionName = SESSION_NAME } = settings;
  if (new Set([...via, roleArn]).size <= via.length) {
    return reportUrlProblem(
      { message: 'has a role twice, or the one of roleArn', remedy: 'Name each role once.' },
      [...at, 'via'],
      resolution,
    );
  }
  const externalId = resolveValue(settings.externalId, [...at, 'externalId'], resolution);
  // Grammar: AWS's reference of AssumeRole.
  if (externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) {
    const message = 'is no external id: letters, digits and _ + = , . @ : / -, 2 to 1224';
    return reportUrlProblem(
      { message, remedy: 'Write what the trust policy of the role asks for (sts:ExternalId).' },
      [...at, 'externalId'],
      resolution,
    );
  }
  const seconds = sessionSeconds(settings, at, resolution);
  if (seconds === null || (settings.externalId !== undefined && externalId === undefined)) return undefined;
  const rest = {
    via,
    ...(externalId === undefined ? {} : { externalId }),
    sessionName,
    ...(seconds === undefined ? {} : { sessionSeconds: seconds }),
  };
  const isPlain = via.length === 0 && externalId === undefined && sessionName === SESSION_NAME;
  const name = isPlain && seconds === undefined ? roleArn : `${roleArn}#${shortHash(rest)}`;
  return { principal: { kind: 'role', name, roleArn, ...rest }, identity: { roleArn, ...rest } };
}

/** Undefined for the default, null when it is wrong. */
function sessionSeconds(
  { sessionDuration, via }: Credentials,
  at: SettingPath,
  { report }: Resolution,
): number | undefined | null {
  if (sessionDuration === undefined) return undefined;
  const durationMs = ms(sessionDuration as ms.StringValue);
  const mostMs = via ? SESSION_MS.chained : SESSION_MS.most;
  if (durationMs >= SESSION_MS.least && durationMs <= mostMs) return durationMs / 1000;
  if (via) {
    report(
      [...at, 'sessionDuration'],
      'is not within 15m and 1h, as AWS wants it for a role that another role assumes',
      'Remove it: the default is 1h. Only without `via` may it be longer.',
    );
    return null;
  }
  report(
    [...at, 'sessionDuration'],
    'is not within 15m and 12h, as AWS wants it',
    'Write for example `sessionDuration: 12h`, if the role allows it.',
  );
  return null;
}

function resolveWebIdentity(
  roleArn: string,
  { webIdentityTokenFile: setting, sessionName = SESSION_NAME }: Credentials,
  at: SettingPath,
  resolution: Resolution,
): ResolvedPrincipal | undefined {
  if (setting === undefined) return undefined;
  const token = checkSecret({ file: setting }, [...at, 'webIdentityTokenFile'], resolution);
  if (token === undefined) return undefined;
  const tokenFile = resolve(resolution.source.folder, setting);
  const identity = { roleArn, webIdentityTokenFile: setting, sessionName };
  const name = `${roleArn}#${shortHash(identity)}`;
  return { principal: { kind: 'web-identity', name, roleArn, tokenFile, sessionName }, identity };
}

/** Tells principals of one role apart; six digits, since there are few. */
function shortHash(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 6);
}
