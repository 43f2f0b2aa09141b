// Lists the full titles of all unit and end-to-end tests without running them.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FILES = ['test/**/*.test.ts', 'test/e2e/**/*.e2e.ts'];

export async function listTitles(root: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ecr-refresh-titles-'));
  // A file: output that tests print while they load would be mixed into the JSON.
  const output = join(folder, 'titles.json');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  try {
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
    const reporter = ['--reporter', 'json', '--reporter-option', `output=${output}`];
    await run(process.execPath, [mocha, '--dry-run', ...reporter, ...FILES], {
      cwd: root,
      env: { ...titleEnvironment(process.env), TMPDIR: temporary },
    }).catch((error: { stderr?: string }) => {
      throw new Error(`The tests cannot be loaded:\n${error.stderr ?? ''}`);
    });
    // No hook runs here, so nothing would remove these files. The folders of tsx hold compiled code.
    const left = readdirSync(temporary).filter((name) => !name.startsWith('tsx-'));
    if (left.length > 0) {
      throw new Error(`Loading the tests created ${left.join(', ')} in TMPDIR: create it in a hook instead`);
    }
    const { tests } = JSON.parse(readFileSync(output, 'utf8')) as { tests: { fullTitle: string }[] };
    return tests.map(({ fullTitle }) => fullTitle).toSorted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Includes every Airflow version, so that the titles do not depend on the machine. */
function titleEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { CI: _ci, ...rest } = env;
  return { ...rest, TEST_ALL: 'true' };
}
