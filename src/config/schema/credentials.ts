// The AWS principal of a registry (`credentials`) or of an MWAA environment: default, profile, role or web identity.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { getPartition } from '../../refresh/aws-regions.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../refresh/token-group.js';
import type { Fault } from '../config-error.js';
import { checkTogether, report, requiredBy, type Settings } from './checks.js';
import type { ConfigFolder } from '../config-folder.js';
import { secretFile } from './files.js';
import { forbid, requireOneOf } from './for-editors.js';
import { duration, text } from './values.js';

const SESSION_NAME = 'airflow-ecr-refresh';
/** Limits of AssumeRole; for a role that another role assumes, AWS limits the session to one hour. */
const SESSION_MS = { least: 900_000, most: 43_200_000, chained: 3_600_000 } as const;

/** Syntax: IAM identifiers in the AWS documentation. */
const roleArn = z
  .string()
  // Names of token groups contain it and `endpoint`, and Temporal limits ids to 1,000 characters.
  .max(620)
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/, {
    error: 'is not a valid role ARN',
  });

const sessionName = z.string().regex(/^[\w+=,.@-]{2,64}$/, {
  error: 'must have 2 to 64 characters: letters, digits and `_ + = , . @ -`',
});

/** The settings of a principal. @param role the name of the role in examples */
export function createPrincipalSettings(folder: ConfigFolder, role: string) {
  return {
    roleArn: roleArn.exactOptional().meta({
      description:
        'Role to assume, with the default credentials of the AWS SDK or, if set, the token of `webIdentityTokenFile`.',
      examples: [`arn:aws:iam::123456789012:role/${role}`],
    }),
    via: z
      .array(roleArn)
      .min(1)
      .max(5)
      .exactOptional()
      .meta({
        description:
          'Roles to assume, in this order, before `roleArn`. AWS limits the sessions of such a chain to one hour.',
        examples: [['arn:aws:iam::111122223333:role/hub']],
      }),
    externalId: text
      .superRefine(report(checkExternalId))
      .exactOptional()
      .meta({
        description: 'External id that the trust policy of `roleArn` requires.',
        examples: ['data-platform', { env: 'ECR_EXTERNAL_ID' }],
      }),
    sessionName: sessionName.exactOptional().meta({
      description: `Name of the role sessions, shown in CloudTrail. Default: ${SESSION_NAME}.`,
      examples: [SESSION_NAME],
    }),
    profile: z
      .string()
      .regex(/^[^\s[\]]{1,100}$/, {
        error: 'is not a valid profile name: may have at most 100 characters, without spaces and brackets',
      })
      .exactOptional()
      .meta({
        description:
          'Profile in the AWS configuration files (AWS_CONFIG_FILE, else ~/.aws/config) that provides the ' +
          'credentials: keys, a role, SSO or a process.',
        examples: ['production'],
      }),
    webIdentityTokenFile: secretFile(folder)
      .exactOptional()
      .meta({
        description:
          'File with the token of an identity provider, to assume `roleArn` with. Relative to the folder of the ' +
          'configuration file. Read again each time.',
        examples: ['/var/run/secrets/tokens/aws'],
      }),
  };
}

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    ...createPrincipalSettings(folder, 'ecr-pull'),
    sessionDuration: duration.exactOptional().meta({
      description:
        'Duration of the session of `roleArn`, 15m to 12h; the role must allow it. A token may expire together with ' +
        'the session it was issued in. Default: 1h, which is also the maximum for a role that another role assumes.',
      examples: ['12h'],
    }),
  });
}

type Credentials = z.output<ReturnType<typeof createSettingsSchema>>;

/** Settings of a role, which have no effect without one. */
const ROLE_SETTINGS = ['via', 'externalId', 'sessionName', 'sessionDuration', 'webIdentityTokenFile'];
/** Settings that do not apply to a role assumed with a web identity token. */
const NOT_WITH_TOKEN_FILE = ['via', 'externalId', 'sessionDuration'];

/** Which settings of a principal exclude each other, for editors. */
export const PRINCIPAL_CONFLICTS = {
  profile: forbid('profile', 'roleArn', ...ROLE_SETTINGS),
  webIdentityTokenFile: forbid('webIdentityTokenFile', ...NOT_WITH_TOKEN_FILE),
};

export function createCredentialsSchema(folder: ConfigFolder) {
  return checkTogether(createSettingsSchema(folder), checkCredentials, (settings) =>
    toPrincipal(settings, folder),
  ).meta({
    ...requireOneOf(['roleArn'], ['profile']),
    dependentSchemas: PRINCIPAL_CONFLICTS,
  });
}

/** Syntax: AssumeRole in the AWS API reference. */
function checkExternalId(externalId: string): Fault | undefined {
  if (/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) return undefined;
  return {
    code: 'invalid',
    message:
      'is not a valid external id: must have 2 to 1224 characters: letters, digits and `_ + = , . @ : / -`',
    remedy: 'Use the value that the trust policy of the role requires (sts:ExternalId).',
  };
}

function checkCredentials(settings: Settings<Credentials>): void {
  const isAny = ['profile', 'roleArn', ...ROLE_SETTINGS].some((key) => settings.isGiven(key));
  if (isAny) checkPrincipal(settings);
  else settings.report(NO_CREDENTIALS);
}

/** None of the settings is required. */
export function checkPrincipal({ valid, isGiven, report: add }: Settings<Credentials>): void {
  const roleSettings = ROLE_SETTINGS.filter((key) => isGiven(key));
  if (isGiven('profile')) {
    const [other] = isGiven('roleArn') ? ['roleArn'] : roleSettings;
    const remedy = `Remove \`${other}\` or \`profile\`; to use a role with a profile, set \`role_arn\` in the profile.`;
    if (other !== undefined)
      add({ code: 'conflict', message: 'cannot be combined with `profile`', remedy }, other);
    return;
  }
  if (!isGiven('roleArn')) {
    if (roleSettings.length > 0) add(requiredBy(...roleSettings), 'roleArn');
    return;
  }
  const [other] = NOT_WITH_TOKEN_FILE.filter((key) => isGiven(key));
  if (isGiven('webIdentityTokenFile') && other !== undefined) {
    const message = 'cannot be combined with `webIdentityTokenFile`';
    const remedy = `Remove \`${other}\`: the role is assumed with the token only.`;
    add({ code: 'conflict', message, remedy }, other);
  }
  const { via = [], roleArn: role = '', sessionDuration } = valid;
  const again = via.findIndex((arn, index) => arn === role || via.indexOf(arn) < index);
  if (again !== -1) {
    const first = via[again] === role ? '`roleArn`' : `\`via[${via.indexOf(via[again] ?? '')}]\``;
    const message = `contains the role of ${first} again, as \`via[${again}]\``;
    add({ code: 'duplicate', message, remedy: `Remove \`via[${again}]\`.` }, 'via');
  }
  const fault = sessionDuration === undefined ? undefined : checkSession(sessionDuration, via.length > 0);
  if (fault) add(fault, 'sessionDuration');
}

const NO_CREDENTIALS: Fault = {
  code: 'missing',
  message: 'needs `roleArn` or `profile`',
  remedy:
    'Use the form `roleArn: arn:aws:iam::123456789012:role/ecr-pull` or `profile: production`, or remove ' +
    '`credentials`.',
};

function checkSession(durationMs: number, isChained: boolean): Fault | undefined {
  const mostMs = isChained ? SESSION_MS.chained : SESSION_MS.most;
  if (durationMs >= SESSION_MS.least && durationMs <= mostMs) return undefined;
  return {
    code: 'out-of-range',
    message: isChained ? 'must be between 15m and 1h when `via` is set' : 'must be between 15m and 12h',
    remedy: isChained
      ? 'Remove `sessionDuration`: the default is 1h, the maximum that AWS allows for a role that another role assumes.'
      : 'Use the form `sessionDuration: 12h`, if the role allows it.',
  };
}

/**
 * What is wrong with the partition of a role, and in which setting.
 * @param roles in the order in which they are assumed; the last one is `roleArn`
 * @param what has the region, for the message
 */
export function checkPartition(
  roles: readonly string[],
  region: string,
  what: string,
): { readonly key: 'roleArn' | 'via'; readonly fault: Fault } | undefined {
  const partition = getPartition(region).name;
  const index = roles.findIndex((role) => role.split(':')[1] !== partition);
  const arn = roles[index];
  if (arn === undefined) return undefined;
  const key = index === roles.length - 1 ? 'roleArn' : 'via';
  const which = key === 'via' ? `contains a role (\`via[${index}]\`)` : 'is';
  const message = `${which} in partition ${arn.split(':')[1]}, but the region of the ${what} is in ${partition}`;
  const remedy = `Use \`${arn.replace(/^arn:[^:]+/, `arn:${partition}`)}\`, or correct the region.`;
  return { key, fault: { code: 'mismatch', message, remedy } };
}

/** The default principal without any of the settings. */
export function toPrincipal(settings: Credentials, folder: ConfigFolder): Principal {
  const { profile, roleArn: role, webIdentityTokenFile: tokenFile } = settings;
  if (profile !== undefined) return { kind: 'profile', name: `profile:${profile}`, profile };
  if (role === undefined) return DEFAULT_PRINCIPAL;
  const { sessionName: session = SESSION_NAME, externalId, sessionDuration } = settings;
  if (tokenFile !== undefined) {
    const identity = {
      roleArn: role,
      webIdentityTokenFile: folder.toSetting(tokenFile),
      sessionName: session,
    };
    const name = `${role}#${toShortHash(identity)}`;
    return { kind: 'web-identity', name, roleArn: role, tokenFile, sessionName: session };
  }
  const rest = {
    via: settings.via ?? [],
    ...(externalId === undefined ? {} : { externalId }),
    sessionName: session,
    ...(sessionDuration === undefined ? {} : { sessionSeconds: sessionDuration / 1000 }),
  };
  const isPlain = rest.via.length === 0 && session === SESSION_NAME && Object.keys(rest).length === 2;
  return { kind: 'role', name: isPlain ? role : `${role}#${toShortHash(rest)}`, roleArn: role, ...rest };
}

/** Distinguishes the principals of one role; six digits are enough for a few. */
function toShortHash(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 6);
}
