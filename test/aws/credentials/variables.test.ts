import { roleArn, SECRET_KEY } from '../aws-fixture.js';
import { describeFaults, type Case } from './faults.js';

const VARIABLES: readonly Case[] = [
  {
    title: 'access key without its secret',
    env: { AWS_ACCESS_KEY_ID: 'AKID' },
    message: 'AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY',
    remedy: /^Set both variables/,
  },
  {
    title: 'secret without its access key',
    env: { AWS_SECRET_ACCESS_KEY: SECRET_KEY },
    message: 'AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID',
    remedy: /^Set both variables/,
  },
  ...(
    [
      ['AWS_ACCESS_KEY_ID', 'AKID\n', 'contains a line break'],
      ['AWS_ACCESS_KEY_ID', 'AKID ', 'contains a blank'],
      ['AWS_ACCESS_KEY_ID', '"AKID"', 'is in quotation marks'],
      ['AWS_SECRET_ACCESS_KEY', `${SECRET_KEY}\r\n`, 'contains a line break'],
      ['AWS_SECRET_ACCESS_KEY', `${SECRET_KEY}é`, 'contains a character that is not ASCII'],
      ['AWS_SESSION_TOKEN', 'a\nb', 'contains a line break'],
    ] as const
  ).map(([name, value, problem]) => ({
    title: `${name} that ${problem}`,
    env: { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: SECRET_KEY, [name]: value },
    message: `${name} ${problem}`,
    remedy: /^Fix the variable, or the secret or file that sets it/,
  })),
  {
    title: 'key of a profile with a blank',
    files: { credentials: '[default]\naws_access_key_id = AK ID\naws_secret_access_key = x\n' },
    message: 'profile default: the access key id contains a blank',
    remedy: /^Fix it where the keys come from/,
  },
  {
    title: 'key of a program with a line break',
    files: {
      config: '[default]\ncredential_process = cat FOLDER/keys\n',
      keys: JSON.stringify({ Version: 1, AccessKeyId: 'AKID', SecretAccessKey: `${SECRET_KEY}\n` }),
    },
    message: 'profile default: the secret access key contains a line break',
    remedy: /^Fix it where the keys come from/,
  },
  {
    title: 'AWS_PROFILE with a line break',
    env: { AWS_PROFILE: 'x\n' },
    message: 'AWS_PROFILE begins or ends with a blank or line break',
    remedy: /^Fix the variable, or the secret or file that sets it/,
  },
  {
    title: 'AWS_ROLE_ARN with a line break',
    files: { token: 'an identity token' },
    env: { AWS_ROLE_ARN: `${roleArn('pod')}\n`, AWS_WEB_IDENTITY_TOKEN_FILE: 'FOLDER/token' },
    prepare: (fixture) => fixture.aws.setFault(() => ({ error: 'ValidationError' })),
    message: 'AWS_ROLE_ARN begins or ends with a blank or line break',
    remedy: /^Fix the variable, or the secret or file that sets it/,
  },
  {
    title: 'web identity file without a role',
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/token' },
    message: 'AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN',
    remedy: /^Set both variables/,
  },
  {
    title: 'role without a web identity file',
    env: { AWS_ROLE_ARN: roleArn('pod') },
    message: 'AWS_ROLE_ARN is set, but not AWS_WEB_IDENTITY_TOKEN_FILE',
    remedy: /^Set both variables/,
  },
  {
    title: 'web identity file that does not exist',
    env: { AWS_ROLE_ARN: roleArn('pod'), AWS_WEB_IDENTITY_TOKEN_FILE: 'FOLDER/token' },
    message:
      'the web identity token file FOLDER/token (AWS_WEB_IDENTITY_TOKEN_FILE) cannot be read: no such file',
    remedy: /fix its path/,
  },
];

describeFaults('a variable or key', {}, VARIABLES);
