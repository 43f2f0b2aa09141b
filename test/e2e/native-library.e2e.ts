// A copy of the build in which the native library of Temporal does not load: only the worker needs it.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DoctorDocument } from '../../scripts/format-checks.js';
import type { Check } from '../../src/doctor/check.js';
import { builtCli } from './built-cli.js';
import { runProgram, type CommandResult } from './run-command-line.js';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const RELEASES = join(NODE_MODULES, '@temporalio', 'core-bridge', 'releases');
const NOWHERE = '127.0.0.1:1';

const HERE = new RegExp(`\\(${process.platform} ${process.arch}, .*Node ${process.versions.node}\\)$`);

describe("Temporal's native library", function () {
  this.timeout(180_000);
  let folder: string;
  let cli: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-native-'));
    const dist = dirname(dirname(await builtCli()));
    cpSync(dist, join(folder, 'dist'), { recursive: true });
    cli = join(folder, 'dist', 'scripts', 'cli.js');
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    linkPackages(NODE_MODULES, join(folder, 'node_modules'), '@temporalio');
    const scope = join(folder, 'node_modules', '@temporalio');
    linkPackages(join(NODE_MODULES, '@temporalio'), scope, 'worker', 'core-bridge');
    // A link would lead the worker to the complete package next to the original.
    cpSync(join(NODE_MODULES, '@temporalio', 'worker'), join(scope, 'worker'), { recursive: true });
    writeFileSync(
      join(folder, 'refresh.yaml'),
      `version: 1
airflows:
  - name: main
    url: http://${NOWHERE}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
docker: {engines: []}
`,
    );
  });

  after(() => rmSync(folder, { recursive: true }));

  function run(...args: string[]): Promise<CommandResult> {
    return runProgram([process.execPath, cli, ...args], {
      PATH: process.env['PATH'],
      HOME: folder,
      AIRFLOW_PASSWORD: 'correct horse',
      ECR_REFRESH_CONFIG: join(folder, 'refresh.yaml'),
      TEMPORAL_ADDRESS: NOWHERE,
    });
  }

  async function checkNative(
    ...args: string[]
  ): Promise<{ code: number | null; check: Check | undefined; others: Check[] }> {
    const { code, stdout } = await run('doctor', '--json', ...args);
    const { checks } = JSON.parse(stdout) as DoctorDocument;
    const isNative = ({ id }: Check): boolean => id === 'native-library';
    return { code, check: checks.find(isNative), others: checks.filter((check) => !isNative(check)) };
  }

  for (const { title, damage, reason } of [
    { title: 'without its file', damage: removeReleases, reason: /^is missing / },
    { title: 'with the file of another architecture', damage: useForeignRelease, reason: /^does not load / },
    { title: 'without its package', damage: removePackage, reason: /^is not installed completely / },
  ]) {
    describe(title, () => {
      before(() => damage(join(folder, 'node_modules', '@temporalio', 'core-bridge')));

      it('ends the worker with exit code 78 and one line of the log', async () => {
        const { code, stdout, stderr } = await run('worker');
        assert.deepEqual([code, stdout], [78, ''], stderr);
        const lines = stderr
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        assert.deepEqual(
          lines.map(({ level, code: id, msg }) => [level, id, msg]),
          [['error', 'native-library-missing', 'worker not started']],
        );
        const text = String(lines[0]?.['reason']);
        assert.match(text, HERE);
        assert.match(text.replace("Temporal's native library ", ''), reason);
        assert.match(String(lines[0]?.['remedy']), /npm ci/);
      });

      it('fails a check of doctor --offline', async () => {
        const { code, check } = await checkNative('--offline');
        assert.deepEqual([code, check?.outcome], [1, 'failed']);
        assert.match(check?.message ?? '', reason);
        assert.match(check?.message ?? '', HERE);
      });
    });
  }

  describe('that does not load', () => {
    before(() => removeReleases(join(folder, 'node_modules', '@temporalio', 'core-bridge')));

    it('fails a check of doctor, which makes all others', async () => {
      const { code, check, others } = await checkNative();
      assert.deepEqual([code, check?.outcome], [1, 'failed']);
      assert.ok(others.some(({ id, outcome }) => id === 'store' && outcome === 'failed'));
    });

    for (const { args, shows } of [
      { args: ['status'], shows: /^Temporal at 127\.0\.0\.1:1, namespace default: / },
      { args: ['schedule', 'apply'], shows: /^Temporal at 127\.0\.0\.1:1, namespace default: / },
      { args: ['refresh-once', '--retry-for', '0s'], shows: /StoreUnreachable/ },
    ]) {
      it(`does not affect ${args.slice(0, 2).join(' ')}`, async () => {
        const { stdout, stderr } = await run(...args);
        assert.match(stdout + stderr, shows);
      });
    }
  });

  it('passes a check of doctor where it loads', async () => {
    const release = join(folder, 'node_modules', '@temporalio', 'core-bridge');
    rmSync(release, { recursive: true, force: true });
    symlinkSync(dirname(RELEASES), release);
    const { code, check } = await checkNative('--offline');
    assert.deepEqual([code, check?.outcome], [0, 'ok']);
    assert.match(check?.message ?? '', HERE);
  });
});

/** Links to all packages of a folder but some. */
function linkPackages(from: string, to: string, ...except: readonly string[]): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!except.includes(name)) symlinkSync(join(from, name), join(to, name));
  }
}

function removePackage(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function removeReleases(path: string): void {
  removePackage(path);
  cpSync(dirname(RELEASES), path, {
    recursive: true,
    filter: (source) => basename(dirname(source)) !== 'releases' && !/\/(?:sdk-core|src|ts)$/.test(source),
  });
}

/** The package has the files of all platforms. */
function useForeignRelease(path: string): void {
  removeReleases(path);
  const architectures = ['x86_64', 'aarch64'];
  const [own, foreign] = process.arch === 'x64' ? architectures : architectures.toReversed();
  for (const release of readdirSync(RELEASES)) {
    const source = join(RELEASES, release.replace(`${own}-`, `${foreign}-`));
    if (!existsSync(source)) continue;
    cpSync(source, join(path, 'releases', release), { recursive: true });
  }
}
