import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAwsFiles } from '../../../src/aws/credentials/aws-files.js';
import { setEnvironment } from '../../support/local-server.js';

describe('the AWS configuration files', () => {
  let folder: string;
  let restore: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aws-files-'));
    restore = setEnvironment({
      HOME: folder,
      AWS_CONFIG_FILE: '~/config',
      AWS_SHARED_CREDENTIALS_FILE: undefined,
    });
  });
  afterEach(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  async function readProblem(text: string): Promise<string | undefined> {
    writeFileSync(join(folder, 'config'), text);
    const { config } = await readAwsFiles();
    assert.equal(config.path, join(folder, 'config'));
    return config.problem;
  }

  for (const text of [
    '',
    '# comment\n; comment\n\n[default]\nregion = eu-west-1\n',
    '\ufeff[default]\r\nregion=eu-west-1\r\n',
    '[profile x]\ns3 =\n  max_concurrent_requests = 20\n  addressing_style\n[services y]\nsts =\n  endpoint_url = http://a\n',
    '  [profile x]  # comment\n  region = a\n',
    '[profile x]\nrole_arn = arn:aws:iam::1:role/a=b\n',
  ]) {
    it(`can be parsed: ${JSON.stringify(text)}`, async () =>
      assert.equal(await readProblem(text), undefined));
  }

  for (const { text, line } of [
    { text: 'region = eu-west-1\n', line: 1 },
    { text: '[default\nregion = eu-west-1\n', line: 1 },
    { text: '[default]\nregion = a\nnonsense\n', line: 3 },
    { text: '[default]\n= a\n', line: 2 },
    { text: '{"profiles": []}\n', line: 1 },
  ] as const) {
    it(`cannot be parsed: ${JSON.stringify(text)}`, async () =>
      assert.equal(
        await readProblem(text),
        `cannot be parsed: line ${line} is neither a section nor a setting of one`,
      ));
  }

  it('are merged, and the credentials file wins', async () => {
    writeFileSync(
      join(folder, 'config'),
      '[profile x]\nregion = a\naws_access_key_id = b\n[sso-session s]\nsso_region = c\n',
    );
    writeFileSync(join(folder, 'credentials'), '[x]\naws_access_key_id = d\n');
    restore();
    restore = setEnvironment({
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    });
    const { profiles, ssoSessions } = await readAwsFiles();
    assert.deepEqual(profiles['x'], { region: 'a', aws_access_key_id: 'd' });
    assert.deepEqual(ssoSessions, { s: { sso_region: 'c' } });
  });

  it('are empty if they do not exist', async () => {
    const { profiles, config, credentials } = await readAwsFiles();
    assert.deepEqual([profiles, config.problem, credentials.problem], [{}, undefined, undefined]);
    assert.equal(credentials.path, join(folder, '.aws', 'credentials'));
  });
});
