import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';

import { loadConfig } from '../../src/config/load.js';
import { badExactly, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, ENV, GOOD, problemsOf, useConfigFolder } from './config-folder.js';

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const HUB = 'arn:aws:iam::111122223333:role/hub';
const ROLE_EXAMPLE = `Write for example \`roleArn: ${ROLE}\`.`;

function withCredentials(credentials: string, region = 'us-east-1'): string {
  return `${GOOD}registries:\n  - {name: r, region: ${region}, account: "123456789012", credentials: ${credentials}}\n`;
}

function fault(
  title: string,
  credentials: string,
  key: string,
  message: string,
  remedy: string,
  region?: string,
): BadConfig {
  const place = `8 registries[0].credentials${key}`;
  return badExactly(title, withCredentials(credentials, region), place, message, remedy);
}

describe('a configuration with credentials that make no sense', () => {
  const besideProfile = [
    'stands beside profile',
    'Remove one of the two; a profile may say `role_arn` itself.',
  ] as const;
  const besideToken = [
    'stands beside webIdentityTokenFile',
    'Remove it: such a role is assumed with the token alone.',
  ] as const;
  const noSessionName = 'must be made of letters, digits and _ + = , . @ -, 2 to 64';
  const sessionName = 'Write for example `sessionName: airflow-ecr-refresh`.';
  const noExternalId = 'is no external id: letters, digits and _ + = , . @ : / -, 2 to 1224';
  const externalId = 'Write what the trust policy of the role asks for (sts:ExternalId).';
  const twice = ['has a role twice, or the one of roleArn', 'Name each role once.'] as const;
  const notWithin = 'is not within 15m and 12h, as AWS wants it';
  const duration = 'Write for example `sessionDuration: 12h`, if the role allows it.';
  const notWithinChain = 'is not within 15m and 1h, as AWS wants it for a role that another role assumes';
  const chained = 'Remove it: the default is 1h. Only without `via` may it be longer.';

  refuseEach(
    [
      fault(
        'none in it',
        '{}',
        '',
        'names no credentials',
        `Write for example \`roleArn: ${ROLE}\`, or \`profile: production\`; or remove it.`,
      ),
      fault(
        'nothing at all',
        '',
        '',
        'is empty',
        `Write for example \`credentials: {roleArn: ${ROLE}, externalId: data-platform}\`, or remove it.`,
      ),
      fault(
        'text',
        CANARY,
        '',
        'is not a mapping of settings',
        `Write for example \`credentials: {roleArn: ${ROLE}, externalId: data-platform}\`.`,
      ),
      fault(
        'a mistyped role, once',
        `{roelArn: "${ROLE}"}`,
        '.roelArn',
        'is no setting of this release',
        'Did you mean `roleArn`?',
      ),
      fault(
        'a user in place of a role',
        '{roleArn: "arn:aws:iam::123456789012:user/x"}',
        '.roleArn',
        'is no ARN of a role',
        ROLE_EXAMPLE,
      ),
      fault(
        'a role without an account',
        '{roleArn: "arn:aws:iam:::role/x"}',
        '.roleArn',
        'is no ARN of a role',
        ROLE_EXAMPLE,
      ),
      fault('the name of a role', '{roleArn: ecr-pull}', '.roleArn', 'is no ARN of a role', ROLE_EXAMPLE),
      ...(
        [
          { key: 'via', value: `["${HUB}"]` },
          { key: 'externalId', value: CANARY },
          { key: 'sessionName', value: 'name' },
          { key: 'sessionDuration', value: '1h' },
          { key: 'webIdentityTokenFile', value: 'token' },
        ] as const
      ).flatMap(({ key, value }) => [
        fault(`${key} without roleArn`, `{${key}: ${value}}`, '.roleArn', 'is missing', ROLE_EXAMPLE),
        fault(`${key} beside profile`, `{profile: p, ${key}: ${value}}`, `.${key}`, ...besideProfile),
      ]),
      fault('roleArn beside profile', `{roleArn: "${ROLE}", profile: p}`, '.roleArn', ...besideProfile),
      fault(
        'a profile with a blank',
        '{profile: a b}',
        '.profile',
        'is no name of a profile: no blanks, no brackets',
        'Write for example `profile: production`.',
      ),
      fault(
        'a profile of 101 characters',
        `{profile: ${'x'.repeat(101)}}`,
        '.profile',
        'is no name of a profile: no blanks, no brackets',
        'Write for example `profile: production`.',
      ),
      fault(
        'via beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, via: ["${HUB}"]}`,
        '.via',
        ...besideToken,
      ),
      fault(
        'an external id beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, externalId: ${CANARY}}`,
        '.externalId',
        ...besideToken,
      ),
      fault(
        'sessionDuration beside a token file',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token, sessionDuration: 1h}`,
        '.sessionDuration',
        ...besideToken,
      ),
      fault(
        'a token file that is not there',
        `{roleArn: "${ROLE}", webIdentityTokenFile: token}`,
        '.webIdentityTokenFile',
        'there is no file "token"',
        'Create it, or fix the path: it is relative to the folder of the configuration file.',
      ),
      fault(
        'a token file under ~',
        `{roleArn: "${ROLE}", webIdentityTokenFile: ~/token}`,
        '.webIdentityTokenFile',
        'there is no file "~/token"',
        'Write the path out: ~ stands for no folder here.',
      ),
      fault(
        'a role of another partition',
        `{roleArn: "${ROLE}"}`,
        '.roleArn',
        'has a role of partition aws, and the region of the registry is of aws-cn',
        `Write \`${ROLE.replace('arn:aws:', 'arn:aws-cn:')}\`, or fix the region.`,
        'cn-north-1',
      ),
      fault(
        'a role of another partition with a token file',
        `{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-us-gov:')}", webIdentityTokenFile: token}`,
        '.roleArn',
        'has a role of partition aws-us-gov, and the region of the registry is of aws',
        `Write \`${ROLE}\`, or fix the region.`,
      ),
      fault(
        'a role on the way of another partition',
        `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB.replace('arn:aws:', 'arn:aws-iso:')}"]}`,
        '.via',
        'has a role of partition aws-iso, and the region of the registry is of aws',
        `Write \`${HUB}\`, or fix the region.`,
      ),
      fault('a role twice on the way', `{roleArn: "${ROLE}", via: ["${HUB}", "${HUB}"]}`, '.via', ...twice),
      fault('the role itself on the way', `{roleArn: "${ROLE}", via: ["${ROLE}"]}`, '.via', ...twice),
      fault(
        'no role on the way',
        `{roleArn: "${ROLE}", via: []}`,
        '.via',
        'is empty',
        `Write for example \`via: [${HUB}]\`.`,
      ),
      fault(
        'an external id with a blank',
        `{roleArn: "${ROLE}", externalId: "${CANARY} x"}`,
        '.externalId',
        noExternalId,
        externalId,
      ),
      fault(
        'an external id of one character',
        `{roleArn: "${ROLE}", externalId: x}`,
        '.externalId',
        noExternalId,
        externalId,
      ),
      fault(
        'an external id of 1225 characters',
        `{roleArn: "${ROLE}", externalId: ${'x'.repeat(1225)}}`,
        '.externalId',
        noExternalId,
        externalId,
      ),
      fault(
        'a variable that is no external id',
        `{roleArn: "${ROLE}", externalId: {env: BAD_ID}}`,
        '.externalId',
        noExternalId,
        externalId,
      ),
      fault(
        'an external id in a variable that is not set',
        `{roleArn: "${ROLE}", externalId: {env: NOT_SET}}`,
        '.externalId',
        'environment variable NOT_SET is not set',
        'Set NOT_SET in the environment of this process, or write {file: PATH}.',
      ),
      fault(
        'a session name of one character',
        `{roleArn: "${ROLE}", sessionName: x}`,
        '.sessionName',
        noSessionName,
        sessionName,
      ),
      fault(
        'a session name of 65 characters',
        `{roleArn: "${ROLE}", sessionName: ${'x'.repeat(65)}}`,
        '.sessionName',
        noSessionName,
        sessionName,
      ),
      fault(
        'a session name with a slash',
        `{roleArn: "${ROLE}", sessionName: a/b}`,
        '.sessionName',
        noSessionName,
        sessionName,
      ),
      fault(
        'a session without a unit',
        `{roleArn: "${ROLE}", sessionDuration: "3600"}`,
        '.sessionDuration',
        'is no duration: a whole number and its unit, s, m, h or d',
        'Write for example `sessionDuration: 12h`.',
      ),
      fault(
        'a session of 899 s',
        `{roleArn: "${ROLE}", sessionDuration: 899s}`,
        '.sessionDuration',
        notWithin,
        duration,
      ),
      fault(
        'a session of 721 min',
        `{roleArn: "${ROLE}", sessionDuration: 721m}`,
        '.sessionDuration',
        notWithin,
        duration,
      ),
      fault(
        'a session of 61 min by way of another role',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 61m}`,
        '.sessionDuration',
        notWithinChain,
        chained,
      ),
      fault(
        'a session of 899 s by way of another role',
        `{roleArn: "${ROLE}", via: ["${HUB}"], sessionDuration: 899s}`,
        '.sessionDuration',
        notWithinChain,
        chained,
      ),
    ],
    { BAD_ID: `${CANARY} x` },
  );

  const write = useConfigFolder();
  it('is refused for an empty token file and one that everybody may write, and shows nothing of it', () => {
    const config = write(withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`));
    const told = (): string[] => problemsOf(config).map(({ path, message }) => `${path} ${message}`);
    const at = 'registries[0].credentials.webIdentityTokenFile';
    write('', 'secrets/token');
    assert.deepEqual(told(), [`${at} file "secrets/token" is empty`]);
    chmodSync(write(CANARY, 'secrets/token'), 0o602);
    assert.deepEqual(told(), [
      `${at} file "secrets/token" may be written by every user of this machine, who could send passwords to a host of their own`,
    ]);
  });

  it('raises a warning for a token file that everybody may read', () => {
    chmodSync(write(CANARY, 'secrets/token'), 0o644);
    const text = withCredentials(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`);
    const { warnings } = loadConfig(write(text.replace('airflow.example.com', 'a')), ENV);
    assert.deepEqual(warnings, [
      {
        path: 'registries[0].credentials.webIdentityTokenFile',
        line: 8,
        message: 'file "secrets/token" may be read by every user of this machine',
        remedy: 'Run `chmod o-r` on it; in Kubernetes set `defaultMode: 0400` on the volume.',
      },
    ]);
  });

  it('takes a role of any partition while an Airflow Variable says the region', () => {
    const region = '{airflowVariable: r, airflow: main}';
    const text = withCredentials(`{roleArn: "${ROLE.replace('arn:aws:', 'arn:aws-cn:')}"}`, region);
    assert.equal(loadConfig(write(text), ENV).registries[0]?.principal.kind, 'role');
  });
});
