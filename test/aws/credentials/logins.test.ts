import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Answer } from '../../support/local-server.js';
import type { AwsFixture } from '../aws-fixture.js';
import { describeFaults, FOREIGN, respond, type Case } from './faults.js';

const EXPIRED = '2020-01-01T00:00:00Z';
const VALID = '2099-01-01T00:00:00Z';

const PAGE: Answer = respond(403, `<html>${FOREIGN}</html>`, { 'Content-Type': 'text/html' });
const fromAws = (status: number, code: string): Answer =>
  respond(status, { __type: code, message: FOREIGN }, { 'x-amzn-RequestId': 'r', 'x-amzn-ErrorType': code });

const SSO_SESSION =
  '[sso-session corp]\nsso_start_url = https://corp.invalid/start\nsso_region = us-east-1\n';
const SSO_ROLE = 'sso_account_id = 123456789012\nsso_role_name = Pull\n';
const SSO = `[profile x]\nsso_session = corp\n${SSO_ROLE}${SSO_SESSION}`;

/** Writes the login of `aws sso login`. */
function logIn(fixture: AwsFixture, expiresAt: string, id = 'corp', more: object = {}): void {
  const folder = path.join(fixture.folder, '.aws', 'sso', 'cache');
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha1').update(id).digest('hex');
  writeFileSync(
    path.join(folder, `${name}.json`),
    JSON.stringify({ accessToken: FOREIGN, expiresAt, ...more }),
  );
}

const RENEWAL = { clientId: 'c', clientSecret: FOREIGN, refreshToken: FOREIGN };
const loggedIn = (fixture: AwsFixture): void => logIn(fixture, VALID);

const LOG_IN = /^Run `aws sso login --profile` with the name of this profile, as the worker's user/;
const NOT_FROM_AWS = 'the response is not from AWS, but from something in front of it (HTTP 403)';

const LOGINS: readonly Case[] = [
  {
    title: 'SSO without a login',
    files: { config: SSO },
    message: `profile x: not logged in: the SSO session of profile x does not exist (FOLDER/.aws/sso/cache/${createHash('sha1').update('corp').digest('hex')}.json)`,
    remedy: LOG_IN,
  },
  {
    title: 'SSO with an expired login',
    files: { config: SSO },
    prepare: (fixture: AwsFixture) => logIn(fixture, EXPIRED),
    message: 'profile x: the SSO session of profile x has expired',
    remedy: LOG_IN,
  },
  {
    title: 'SSO without the section of its session',
    files: { config: `[profile x]\nsso_session = corp\n${SSO_ROLE}` },
    message: 'profile x: the section [sso-session corp] of profile x does not exist in FOLDER/config',
    remedy: /^Add the section, or fix sso_session of the profile/,
  },
  {
    title: 'SSO with an incomplete session',
    files: { config: `[profile x]\nsso_session = corp\n[sso-session corp]\nsso_region = us-east-1\n` },
    message:
      'profile x: the SSO settings of profile x are incomplete: sso_start_url, sso_account_id, sso_role_name missing',
    remedy: /^Complete them with `aws configure sso --profile`/,
  },
  {
    title: 'SSO of the older form, without a login',
    files: {
      config: `[profile x]\nsso_start_url = https://corp.invalid/start\nsso_region = us-east-1\n${SSO_ROLE}`,
    },
    message: `profile x: not logged in: the SSO session of profile x does not exist (FOLDER/.aws/sso/cache/${createHash('sha1').update('https://corp.invalid/start').digest('hex')}.json)`,
    remedy: LOG_IN,
  },
  {
    title: 'SSO whose session AWS ended',
    files: { config: SSO },
    prepare: loggedIn,
    answer: fromAws(401, 'UnauthorizedException'),
    message: 'profile x: the SSO session of profile x has expired',
    remedy: LOG_IN,
  },
  {
    title: 'SSO without access to the role',
    files: { config: SSO },
    prepare: loggedIn,
    answer: fromAws(403, 'ForbiddenException'),
    type: 'AwsAccessDenied',
    message: 'profile x: SSO at HOST: the user has no access to role Pull in account 123456789012',
    remedy: /^Assign the permission set to the user/,
  },
  {
    title: 'SSO that throttles',
    files: { config: SSO },
    prepare: loggedIn,
    answer: fromAws(429, 'TooManyRequestsException'),
    type: 'AwsThrottled',
    message: 'profile x: SSO at HOST throttled the request (HTTP 429)',
    remedy: /^No action needed/,
  },
  {
    title: 'SSO with a server error',
    files: { config: SSO },
    prepare: loggedIn,
    answer: respond(502, ''),
    type: 'AwsUnavailable',
    message: 'profile x: SSO at HOST returned a server error (HTTP 502)',
    remedy: /^Check the network, DNS and proxy/,
  },
  {
    title: 'SSO behind a proxy that responds instead',
    files: { config: SSO },
    prepare: loggedIn,
    answer: PAGE,
    type: 'AwsUnavailable',
    message: `profile x: SSO at HOST: ${NOT_FROM_AWS}`,
    remedy: /^Check for a proxy/,
  },
  {
    title: 'SSO that cannot be reached',
    files: { config: SSO },
    env: { AWS_ENDPOINT_URL_SSO: 'http://127.0.0.1:1' },
    prepare: loggedIn,
    type: 'AwsUnavailable',
    message: 'profile x: SSO at 127.0.0.1:1: connection refused (127.0.0.1:1)',
    remedy: /^Check the network, DNS and proxy/,
  },
  // The SDK renews a session at most every 30 s: each case needs its own.
  {
    title: 'SSO whose session AWS does not renew',
    files: { config: SSO.replaceAll('corp', 'ended') },
    prepare: (fixture) => logIn(fixture, EXPIRED, 'ended', RENEWAL),
    answer: fromAws(400, 'InvalidGrantException'),
    message: 'profile x: the SSO session of profile x has expired',
    remedy: LOG_IN,
  },
  {
    title: 'SSO that cannot be reached to renew the session',
    files: { config: SSO.replaceAll('corp', 'cut-off') },
    env: { AWS_ENDPOINT_URL_SSO_OIDC: 'http://127.0.0.1:1' },
    prepare: (fixture) => logIn(fixture, EXPIRED, 'cut-off', RENEWAL),
    type: 'AwsUnavailable',
    message: 'profile x: SSO at 127.0.0.1:1: connection refused (127.0.0.1:1)',
    remedy: /^Check the network, DNS and proxy/,
  },
  {
    title: 'aws login without a login',
    files: { config: '[profile x]\nlogin_session = arn:aws:sts::123456789012:assumed-role/a/b\n' },
    message: `profile x: not logged in: the session of aws login of profile x does not exist (FOLDER/.aws/login/cache/${createHash('sha256').update('arn:aws:sts::123456789012:assumed-role/a/b').digest('hex')}.json)`,
    remedy: /^Run `aws login --profile` with the name/,
  },
];

describeFaults(
  'a login',
  { AWS_PROFILE: 'x', AWS_ENDPOINT_URL_SSO: 'URL', AWS_ENDPOINT_URL_SSO_OIDC: 'URL' },
  LOGINS,
);
