import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, formatJson } from '../../scripts/command-line.js';
import { checkConfig } from '../../scripts/doctor.js';
import { formatChecks, toDocument } from '../../scripts/format-checks.js';
import { loadConfig } from '../../src/config/load.js';
import type { Check } from '../../src/doctor/check.js';
import { assertGolden } from './assert-golden.js';
import { listOtherChecks } from './sample-checks.js';

const VALID = `version: 1
registries: [{name: test, account: "123456789012", region: us-east-1, registryHost: "127.0.0.1:1"}]
airflows:
  - name: main
    url: https://airflow.internal
    auth: {username: ecr-refresh, password: {file: password}}
    connections: [{id: docker_default, registry: test}]
`;

const INVALID = `${VALID}  - name: b
    url: https://u:secret@airflow.internal
    auth: {usernam: u, password: secret}
    connections: [a b]
docker: {engines: ["ssh://user@127.0.0.1"]}
schedule: {every: 13h}
temporal: {taskQueue: ""}
`;

const WARNINGS = `${VALID.replace('[{name', '[{name: idle, region: eu-west-1, account: "123456789012"}, {name')}
schedule: {every: 11h, allowNarrowMargin: true}
`;

describe('doctor', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-refresh-doctor-'));
    writeFileSync(join(folder, 'password'), 'correct horse', { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(text: string): string {
    const path = join(folder, 'refresh.yaml');
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  const withoutFolder = (text: string): string => text.replaceAll(`${folder}/`, '');

  function checkFile(text: string): Check[] {
    const { checks } = checkConfig(write(text));
    return JSON.parse(withoutFolder(JSON.stringify(checks))) as Check[];
  }

  it('matches its golden files without problems, with warnings and with failures', () => {
    const situations: [string, Check[]][] = [
      ['valid configuration', checkFile(VALID)],
      ['configuration warnings', checkFile(WARNINGS)],
      ['invalid configuration', checkFile(INVALID)],
      ...listOtherChecks(),
    ];
    const texts = situations.map(([title, checks]) => `=== ${title}\n${formatChecks(checks)}\n`);
    assertGolden('doctor.txt', texts.join('\n'));
    assertGolden('doctor.json', formatJson(toDocument(checkFile(INVALID))));
  });

  it('prints an invalid configuration on standard output, unlike other commands, which print an error', () => {
    const link = join(folder, 'link.yaml');
    symlinkSync(link, link);
    const texts = [write(INVALID), link].map((path) => {
      try {
        loadConfig(path, {});
        return 'no error';
      } catch (error) {
        return `${withoutFolder(describeError(error))}\n`;
      }
    });
    assertGolden('bad-configuration-error.txt', texts.join('\n'));
  });
});
