// `credentials` of a registry: the principal that its tokens are issued to.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DEFAULT_PRINCIPAL, type Principal } from '../../refresh/token-group.js';
import type { Fault } from '../config-error.js';
import { checkTogether, report, type Settings } from './checks.js';
import type { ConfigFolder } from '../config-folder.js';
import { secretFile } from './files.js';
import { refuse, requireOneOf } from './for-editors.js';
import { duration, text } from './values.js';

const SESSION_NAME = 'airflow-ecr-refresh';
/** AWS's limits of AssumeRole; a role that another role assumes has an hour. */
const SESSION_MS = { least: 900_000, most: 43_200_000, chained: 3_600_000 } as const;

/** Grammars: AWS's references of IAM roles and of AssumeRole. */
const roleArn = z
  .string()
  // Names of token groups consist of it and of `endpoint`, and Temporal limits ids to 1,000 characters.
  .max(620)
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/, {
    error: 'is not a valid role ARN',
  });

const sessionName = z.string().regex(/^[\w+=,.@-]{2,64}$/, {
  error: 'must have 2 to 64 letters, digits and _ + = , . @ -',
});

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    roleArn: roleArn.exactOptional().meta({
      description:
        'Role to assume, with the credentials that the AWS SDK finds; with `webIdentityTokenFile`, with that token.',
      examples: ['arn:aws:iam::123456789012:role/ecr-pull'],
    }),
    via: z
      .array(roleArn)
      .min(1)
      .max(5)
      .exactOptional()
      .meta({
        description:
          'Roles to assume one after the other before `roleArn`. AWS ends the sessions of such a chain after an hour.',
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
      description: `Name of the sessions, shown in CloudTrail. Default: ${SESSION_NAME}.`,
      examples: [SESSION_NAME],
    }),
    sessionDuration: duration.exactOptional().meta({
      description:
        'Duration of the session of `roleArn`, 15m to 12h; the role must allow it. A token may expire with the ' +
        'session that it was issued in. Default: 1h, which is also the maximum where one role assumes the other.',
      examples: ['12h'],
    }),
    profile: z
      .string()
      .regex(/^[^\s[\]]{1,100}$/, { error: 'is not a valid profile name: no blanks, no brackets' })
      .exactOptional()
      .meta({
        description:
          'Profile of the AWS configuration files (AWS_CONFIG_FILE, else ~/.aws/config) with the credentials: keys, a ' +
          'role, SSO, a process.',
        examples: ['production'],
      }),
    webIdentityTokenFile: secretFile(folder)
      .exactOptional()
      .meta({
        description:
          'File with a token of an identity provider, relative to the folder of the configuration file, to assume ' +
          '`roleArn` with. It is read again each time.',
        examples: ['/var/run/secrets/tokens/aws'],
      }),
  });
}

type Credentials = z.output<ReturnType<typeof createSettingsSchema>>;

/** Settings of a role, which say nothing without one. */
const ROLE_SETTINGS = ['via', 'externalId', 'sessionName', 'sessionDuration', 'webIdentityTokenFile'];
/** A role that is assumed with a token has none of these. */
const NOT_WITH_TOKEN_FILE = ['via', 'externalId', 'sessionDuration'];

export function createCredentialsSchema(folder: ConfigFolder) {
  return checkTogether(createSettingsSchema(folder), checkCredentials, (settings) =>
    toPrincipal(settings, folder),
  ).meta({
    ...requireOneOf(['roleArn'], ['profile']),
    dependentSchemas: {
      profile: refuse('profile', 'roleArn', ...ROLE_SETTINGS),
      webIdentityTokenFile: refuse('webIdentityTokenFile', ...NOT_WITH_TOKEN_FILE),
    },
  });
}

/** Grammar: AWS's reference of AssumeRole. */
function checkExternalId(externalId: string): Fault | undefined {
  if (/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) return undefined;
  return {
    code: 'invalid',
    message: 'is not a valid external id: 2 to 1224 letters, digits and _ + = , . @ : / -',
    remedy: 'Use the value that the trust policy of the role requires (sts:ExternalId).',
  };
}

function checkCredentials(settings: Settings<Credentials>): void {
  const { valid, isGiven, report: add } = settings;
  const roleSettings = ROLE_SETTINGS.filter((key) => isGiven(key));
  if (isGiven('profile')) {
    const [other] = isGiven('roleArn') ? ['roleArn'] : roleSettings;
    const remedy = 'Remove one of the two; a profile can have `role_arn` itself.';
    if (other !== undefined)
      add({ code: 'conflict', message: 'cannot be combined with profile', remedy }, other);
    return;
  }
  if (!isGiven('roleArn')) {
    if (roleSettings.length > 0) add({ code: 'missing', message: 'is missing' }, 'roleArn');
    else add(NO_CREDENTIALS);
    return;
  }
  const [other] = NOT_WITH_TOKEN_FILE.filter((key) => isGiven(key));
  if (isGiven('webIdentityTokenFile') && other !== undefined) {
    const message = 'cannot be combined with webIdentityTokenFile';
    const remedy = 'Remove it: such a role is assumed with the token only.';
    add({ code: 'conflict', message, remedy }, other);
  }
  const { via = [], roleArn: role = '', sessionDuration } = valid;
  if (new Set([...via, role]).size <= via.length) {
    add({ code: 'duplicate', message: 'lists a role more than once', remedy: 'Name each role once.' }, 'via');
  }
  const fault = sessionDuration === undefined ? undefined : checkSession(sessionDuration, via.length > 0);
  if (fault) add(fault, 'sessionDuration');
}

const NO_CREDENTIALS: Fault = {
  code: 'missing',
  message: 'needs `roleArn` or `profile`',
  remedy:
    'Example: `roleArn: arn:aws:iam::123456789012:role/ecr-pull`, or `profile: production`; or remove it.',
};

function checkSession(durationMs: number, isChained: boolean): Fault | undefined {
  const mostMs = isChained ? SESSION_MS.chained : SESSION_MS.most;
  if (durationMs >= SESSION_MS.least && durationMs <= mostMs) return undefined;
  return {
    code: 'out-of-range',
    message: isChained
      ? 'must be between 15m and 1h for a role that another role assumes'
      : 'must be between 15m and 12h',
    remedy: isChained
      ? 'Remove it: the default is 1h. Only without `via` can it be longer.'
      : 'Example: `sessionDuration: 12h`, if the role allows it.',
  };
}

function toPrincipal(settings: Credentials, folder: ConfigFolder): Principal {
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

/** Tells principals of one role apart; six digits, since there are few. */
function toShortHash(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 6);
}
