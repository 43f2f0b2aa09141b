import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { keys, roleArn, type AwsFixture } from '../aws-fixture.js';
import { describeFaults, type Case } from './faults.js';

const ROLE = `role_arn = ${roleArn('pull')}\n`;

const PROFILES: readonly Case[] = [
  {
    title: 'profile that does not exist',
    message: 'profile x does not exist in FOLDER/config or FOLDER/credentials',
    remedy: /^Create the profile/,
  },
  {
    title: 'profile whose section lacks the word profile',
    files: { config: `[x]\n${keys('AKID')}` },
    message: 'profile x was not found: FOLDER/config has a section [x]',
    remedy: /must begin with the word profile/,
  },
  {
    title: 'config file that cannot be parsed',
    files: { config: `[default]\nregion = eu-west-1\n[profile x\n${keys('AKID')}` },
    message:
      'profile x was not found, and FOLDER/config cannot be parsed: line 3 is neither a section nor a setting of one',
    remedy: /^Fix the file/,
  },
  {
    title: 'credentials file that is a directory',
    prepare: (fixture: AwsFixture) => mkdirSync(path.join(fixture.folder, 'credentials')),
    message: 'profile x was not found, and FOLDER/credentials cannot be read: it is a directory',
    remedy: /allow the worker's user to read it/,
  },
  {
    title: 'profile with half a key pair',
    files: { credentials: '[x]\naws_access_key_id = AKID\n' },
    message: 'profile x has aws_access_key_id, but not aws_secret_access_key',
    remedy: /^Add the missing key/,
  },
  {
    title: 'profile without credentials',
    files: { config: '[profile x]\nregion = eu-west-1\n' },
    message: 'profile x has no credentials',
    remedy: /^Add keys, role_arn, credential_process/,
  },
  {
    title: 'source_profile that does not exist',
    files: { config: `[profile x]\n${ROLE}source_profile = y\n` },
    message:
      'profile y, the source_profile of profile x, does not exist in FOLDER/config or FOLDER/credentials',
    remedy: /^Create the profile/,
  },
  {
    title: 'source_profile that leads in a circle',
    files: { config: `[profile x]\n${ROLE}source_profile = y\n[profile y]\n${ROLE}source_profile = x\n` },
    message: 'source_profile leads in a circle: x → y → x',
    remedy: /^Let the last profile have keys/,
  },
  {
    title: 'role without a source',
    files: { config: `[profile x]\n${ROLE}` },
    message: 'profile x has role_arn, but no source of credentials to assume the role with',
    remedy: /^Add source_profile, credential_source/,
  },
  {
    title: 'credential_source that does not exist',
    files: { config: `[profile x]\n${ROLE}credential_source = Ec2Instance\n` },
    message: 'credential_source of profile x is not a valid source',
    remedy: /Environment, EcsContainer, Ec2InstanceMetadata/,
  },
  {
    title: 'credential_source without its variables',
    files: { config: `[profile x]\n${ROLE}credential_source = Environment\n` },
    message: 'profile x: credential_source Environment returned no credentials',
    remedy: /./,
  },
  {
    title: 'role that requires MFA',
    files: {
      config: `[profile x]\n${ROLE}source_profile = y\nmfa_serial = arn:aws:iam::123456789012:mfa/a\n`,
      credentials: `[y]\n${keys('AKID')}`,
    },
    message: 'profile x has mfa_serial, and the worker cannot enter an MFA code',
    remedy: /^Use SSO, a credential_process/,
  },
  {
    title: 'web identity file of a profile that does not exist',
    files: { config: `[profile x]\n${ROLE}web_identity_token_file = FOLDER/token\n` },
    message:
      'the web identity token file FOLDER/token (web_identity_token_file) cannot be read: no such file',
    remedy: /fix its path/,
  },
  {
    title: 'profile before a later source that fails too',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' },
    message:
      'profile x does not exist in FOLDER/config or FOLDER/credentials. Also failed: the container credentials ' +
      'endpoint at 127.0.0.1:1 (AWS_CONTAINER_CREDENTIALS_FULL_URI)',
    remedy: /^Create the profile/,
  },
];

describeFaults('a profile', { AWS_PROFILE: 'x' }, PROFILES);
