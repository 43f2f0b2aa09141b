import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, ENV, GOOD, problemsOf, showPlaces, useConfigFolder, warningsOf } from './config-folder.js';

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const HUB = 'arn:aws:iam::111122223333:role/hub';

function withCredentials(credentials: string, region = 'us-east-1'): string {
  return `${GOOD}registries:\n  - {name: r, region: ${region}, account: "123456789012", credentials: ${credentials}}\n`;
}

function fault(
  title: string,
  credentials: string,
  key: string,
  code: ProblemCode,
  region?: string,
): BadConfig {
  const place = `8 registries[0].credentials${key}`;
  return bad(title, withCredentials(credentials, region), place, code);
}

describe('a configuration with credentials that make no sense', () => {
  refuseEach(
    [
      fault('none in it', '{}', '', 'missing'),
      fault('nothing at all', '', '', 'empty'),
      fault('text', CANARY, '', 'wrong-type'),
      fault('a mistyped role, once', `{roelArn: "${ROLE}"}`, '.roelArn', 'unknown-setting'),
      fault(
        'a user in place of a role',
        '{roleArn: "arn:aws:iam::123456789012:user/x"}',
        '.roleArn',
        'invalid',
      ),
      fault('a role of 700 characters', `{roleArn: "${ROLE}${'/x'.repeat(330)}!"}`, '.roleArn', 'too-long'),
      fault('a role without an account', '{roleArn: "arn:aws:iam:::role/x"}', '.roleArn', 'invalid'),
      fault('the name of a role', '{roleArn: ecr-pull}', '.roleArn', 'invalid'),
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
        fault(`${key} beside profile`, `{profile: p, ${key}: ${value}}`, `.${key}`, 'conflict'),
      ]),
      fault('roleArn beside profile', `{roleArn: "${ROLE}", profile: p}`, '.roleArn', 'conflict'),
      fault('a profile with a blank', '{profile: a b}', '.profile', 'invalid'),
      fault('a profile of 101 characters', `{profile: ${'x'.repeat(101)}}`, '.profile', 'invalid'),
      fault(
        'via beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, via: ["${HUB}"]}`,
        '.via',
        'conflict',
      ),
      fault(
        'an external id beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, externalId: ${CANARY}}`,
        '.externalId',
        'conflict',
      ),
      fault(
        'sessionDuration beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, sessionDuration: 1h}`,
        '.sessionDuration',
        'conflict',
      ),
      fault(
        'a token file that is not there',
        `{roleArn: "${ROLE}", webIdentityTokenFile: gone}`,
        '.webIdentityTokenFile',
        'not-found',
      ),
      fault(
        'a token file under ~',
        `{roleArn: "${ROLE}", webIdentityTokenFile: ~/token}`,
        '.webIdentityTokenFile',
        'not-found',
      ),
      fault('a role of another partition', `{roleArn: "${ROLE}"}`, '.roleArn', 'mismatch', 'cn-north-1'),
      fault(
        'a role of another partition with a token file',
        `{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-us-gov:')}", webIdentityTokenFile: token}`,
        '.roleArn',
        'mismatch',
      ),
      fault(
        'a role on the way of another partition',
        `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB.replace('arn:aws:', 'arn:aws-iso:')}"]}`,
        '.via',
        'mismatch',
      ),
      fault(
        'a role twice on the way',
        `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB}"]}`,
        '.via',
        'duplicate',
      ),
      fault('the role itself on the way', `{roleArn: "${ROLE}", via: ["${ROLE}"]}`, '.via', 'duplicate'),
      fault('no role on the way', `{roleArn: "${ROLE}", via: []}`, '.via', 'empty'),
      fault(
        'an external id with a blank',
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
        'a variable that is no external id',
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
        'a session without a unit',
        `{roleArn: "${ROLE}", sessionDuration: "3600"}`,
        '.sessionDuration',
        'invalid',
      ),
      fault(
        'a session of 899 s',
        `{roleArn: "${ROLE}", sessionDuration: 899s}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session of 721 min',
        `{roleArn: "${ROLE}", sessionDuration: 721m}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session of 61 min by way of another role',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 61m}`,
        '.sessionDuration',
        'out-of-range',
      ),
      fault(
        'a session of 899 s by way of another role',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 899s}`,
        '.sessionDuration',
        'out-of-range',
      ),
    ],
    { BAD_ID: `${CANARY} x` },
    { token: CANARY },
  );

  const write = useConfigFolder();
  it('is refused for an empty token file and one that everybody may write, and shows nothing of it', () => {
    const config = write(withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`));
    const at = '8 registries[0].credentials.webIdentityTokenFile';
    write('', 'secrets/token');
    assert.deepEqual(showPlaces(problemsOf(config)), [`${at} unreadable`]);
    chmodSync(write(CANARY, 'secrets/token'), 0o602);
    assert.deepEqual(showPlaces(problemsOf(config)), [`${at} unsafe-file`]);
  });

  it('raises a warning for a token file that everybody may read', () => {
    chmodSync(write(CANARY, 'secrets/token'), 0o644);
    const text = withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`);
    assert.deepEqual(showPlaces(warningsOf(write(text.replace('airflow.example.com', 'a')))), [
      '8 registries[0].credentials.webIdentityTokenFile unsafe-file',
    ]);
  });

  it('takes a role of any partition while an Airflow Variable says the region', () => {
    const region = '{airflowVariable: r, airflow: main}';
    const text = withCredentials(`{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-cn:')}"}`, region);
    assert.equal(loadConfig(write(text), ENV).registries[0]?.principal.kind, 'role');
  });
});
