import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import {
  CANARY,
  ENV,
  VALID,
  expectProblems,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const HUB = 'arn:aws:iam::111122223333:role/hub';

function withCredentials(credentials: string, region = 'us-east-1'): string {
  const entry = `{name: r, region: ${region}, account: "123456789012", credentials: ${credentials}}`;
  return `${VALID}registries:\n  - ${entry}\n`;
}

function fault(
  title: string,
  credentials: string,
  key: string,
  code: ProblemCode,
  region?: string,
): InvalidConfig {
  const place = `8 registries[0].credentials${key}`;
  return invalid(title, withCredentials(credentials, region), place, code);
}

describe('loadConfig: credentials of registries', () => {
  rejectEach(
    [
      fault('an empty mapping', '{}', '', 'missing'),
      fault('an empty value', '', '', 'empty'),
      fault('credentials that are text', CANARY, '', 'wrong-type'),
      fault('a mistyped roleArn', `{roelArn: "${ROLE}"}`, '.roelArn', 'unknown-setting'),
      fault(
        'the ARN of a user instead of a role',
        '{roleArn: "arn:aws:iam::123456789012:user/x"}',
        '.roleArn',
        'invalid',
      ),
      fault(
        'a role ARN of 700 characters',
        `{roleArn: "${ROLE}${'/x'.repeat(330)}!"}`,
        '.roleArn',
        'too-long',
      ),
      fault('a role ARN without an account', '{roleArn: "arn:aws:iam:::role/x"}', '.roleArn', 'invalid'),
      fault('the name of a role instead of its ARN', '{roleArn: ecr-pull}', '.roleArn', 'invalid'),
      ...(
        [
          { key: 'via', value: `["${HUB}"]` },
          { key: 'externalId', value: CANARY },
          { key: 'sessionName', value: 'name' },
          { key: 'sessionDuration', value: '1h' },
          { key: 'webIdentityTokenFile', value: 'token' },
        ] as const
      ).flatMap(({ key, value }) => [
        fault(`${key} without roleArn`, `{${key}: ${value}}`, '.roleArn', 'missing'),
        fault(`${key} together with profile`, `{profile: p, ${key}: ${value}}`, `.${key}`, 'conflict'),
      ]),
      fault('roleArn together with profile', `{roleArn: "${ROLE}", profile: p}`, '.roleArn', 'conflict'),
      fault('a profile with a space', '{profile: a b}', '.profile', 'invalid'),
      fault('a profile of 101 characters', `{profile: ${'x'.repeat(101)}}`, '.profile', 'invalid'),
      fault(
        'via together with a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, via: ["${HUB}"]}`,
        '.via',
        'conflict',
      ),
      fault(
        'an external id together with a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, externalId: ${CANARY}}`,
        '.externalId',
        'conflict',
      ),
      fault(
        'sessionDuration together with a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, sessionDuration: 1h}`,
        '.sessionDuration',
        'conflict',
      ),
      fault(
        'a missing token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: gone}`,
        '.webIdentityTokenFile',
        'not-found',
      ),
      fault(
        'a token file in the home folder, with ~',
        `{roleArn: "${ROLE}", webIdentityTokenFile: ~/token}`,
        '.webIdentityTokenFile',
        'not-found',
      ),
      fault('a role in another partition', `{roleArn: "${ROLE}"}`, '.roleArn', 'mismatch', 'cn-north-1'),
      fault(
        'a role in another partition with a token file',
        `{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-us-gov:')}", webIdentityTokenFile: token}`,
        '.roleArn',
        'mismatch',
      ),
      fault(
        'a role of via in another partition',
        `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB.replace('arn:aws:', 'arn:aws-iso:')}"]}`,
        '.via',
        'mismatch',
      ),
      fault(
        'a duplicate role in via',
        `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB}"]}`,
        '.via',
        'duplicate',
      ),
      fault('the role of roleArn in via', `{roleArn: "${ROLE}", via: ["${ROLE}"]}`, '.via', 'duplicate'),
      fault('an empty via', `{roleArn: "${ROLE}", via: []}`, '.via', 'empty'),
      fault(
        'an external id with a space',
        `{roleArn: "${ROLE}", externalId: "${CANARY} x"}`,
        '.externalId',
        'invalid',
      ),
      fault(
        'an external id of one character',
        `{roleArn: "${ROLE}", externalId: x}`,
        '.externalId',
        'invalid',
      ),
      fault(
        'an external id of 1225 characters',
        `{roleArn: "${ROLE}", externalId: ${'x'.repeat(1225)}}`,
        '.externalId',
        'invalid',
      ),
      fault(
        'an invalid external id in a variable',
        `{roleArn: "${ROLE}", externalId: {env: BAD_ID}}`,
        '.externalId',
        'invalid',
      ),
      fault(
        'an external id in a variable that is not set',
        `{roleArn: "${ROLE}", externalId: {env: NOT_SET}}`,
        '.externalId',
        'unreadable',
      ),
      fault(
        'a session name of one character',
        `{roleArn: "${ROLE}", sessionName: x}`,
        '.sessionName',
        'invalid',
      ),
      fault(
        'a session name of 65 characters',
        `{roleArn: "${ROLE}", sessionName: ${'x'.repeat(65)}}`,
        '.sessionName',
        'invalid',
      ),
      fault(
        'a session name with a slash',
        `{roleArn: "${ROLE}", sessionName: a/b}`,
        '.sessionName',
        'invalid',
      ),
      fault(
        'a session duration without a unit',
        `{roleArn: "${ROLE}", sessionDuration: "3600"}`,
        '.sessionDuration',
        'invalid',
      ),
      fault(
        'a session duration of 899 s',
        `{roleArn: "${ROLE}", sessionDuration: 899s}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session duration of 721 min',
        `{roleArn: "${ROLE}", sessionDuration: 721m}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session duration of 61 min with via',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 61m}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session duration of 899 s with via',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 899s}`,
        '.sessionDuration',
        'out-of-range',
      ),
    ],
    { BAD_ID: `${CANARY} x` },
    { token: CANARY },
  );

  const write = useConfigFolder();
  it('rejects an empty and a world-writable token file without showing its content', () => {
    const config = write(withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`));
    const at = '8 registries[0].credentials.webIdentityTokenFile';
    write('', 'secrets/token');
    assert.deepEqual(showPlaces(expectProblems(config)), [`${at} unreadable`]);
    chmodSync(write(CANARY, 'secrets/token'), 0o602);
    assert.deepEqual(showPlaces(expectProblems(config)), [`${at} unsafe-file`]);
  });

  it('warns about a world-readable token file', () => {
    chmodSync(write(CANARY, 'secrets/token'), 0o644);
    const text = withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`);
    assert.deepEqual(showPlaces(expectWarnings(write(text.replace('airflow.example.com', 'a')))), [
      '8 registries[0].credentials.webIdentityTokenFile unsafe-file',
    ]);
  });

  it('accepts a role in any partition when the region is an Airflow Variable', () => {
    const region = '{airflowVariable: r, airflow: main}';
    const text = withCredentials(`{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-cn:')}"}`, region);
    assert.equal(loadConfig(write(text), ENV).registries[0]?.principal.kind, 'role');
  });
});
