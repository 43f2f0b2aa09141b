import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCommand } from './check-command.js';
import { NOT_RUN, RUN_BY, RUN_LITERALLY } from './command-table.js';
import { isForUsers, parsePage, readPages, ROOT, type Page } from './markdown.js';
import { splitScript } from './shell.js';
import { listShownCommands, toKey, type ShownCommand } from './shown-commands.js';

/** Decision records and the changelog show commands of earlier versions. */
function isCurrent({ path }: Page): boolean {
  return !path.startsWith('docs/decisions/') && path !== 'CHANGELOG.md';
}

async function findProblems(commands: readonly ShownCommand[]): Promise<string[]> {
  const problems = await Promise.all(
    commands.map(async (command) => {
      const problem = await checkCommand(command);
      return problem && `${command.file}:${command.line}: ${command.words.join(' ')}: ${problem}`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

describe('the commands that the documents show', () => {
  let pages: readonly Page[];
  /** By key. */
  let shown: Map<string, ShownCommand[]>;
  before(async () => {
    pages = (await readPages()).filter(isCurrent);
    shown = new Map();
    for (const command of pages.filter(isForUsers).flatMap(listShownCommands)) {
      const key = toKey(command.words);
      shown.set(key, [...(shown.get(key) ?? []), command]);
    }
  });

  it('are accepted by the programs that they run', async () => {
    const commands = pages.flatMap(listShownCommands);
    assert.ok(commands.length > 30);
    assert.deepEqual(await findProblems(commands), []);
  });

  it('are each run as shown, run by another test, or excluded with a reason', () => {
    const isRunLiterally = ({ file, shownAs }: ShownCommand): boolean =>
      shownAs === 'script' && RUN_LITERALLY.includes(file);
    const missing = [...shown].filter(
      ([key, commands]) => !(key in RUN_BY) && !(key in NOT_RUN) && !commands.some(isRunLiterally),
    );
    assert.deepEqual(
      missing.map(([key, [command]]) => `${key}: ${command?.file}:${command?.line}`),
      [],
      'add them to test/docs/command-table.ts',
    );
  });

  it('include all that the tables list', () => {
    const keys = [...Object.keys(RUN_BY), ...Object.keys(NOT_RUN)];
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(
      keys.filter((key) => !shown.has(key)),
      [],
      'remove them from test/docs/command-table.ts',
    );
  });

  for (const [key, file] of Object.entries(RUN_BY)) {
    it(`are run by the test that the table names: ${key}`, () => {
      assert.ok(existsSync(join(ROOT, file)), `${file} does not exist`);
      const text = readFileSync(join(ROOT, file), 'utf8');
      const missing = key.split(' ').filter((word) => !text.includes(word));
      assert.deepEqual(missing, [], `${file} does not run ${key}`);
    });
  }

  for (const { markdown, problem } of [
    {
      markdown: '```bash\nnpm run -s doctr\n```',
      problem: '4: npm run -s doctr: package.json has no script doctr',
    },
    {
      markdown: '```bash\ncd a &&\n  npm run -s status --json # x\n```',
      problem: '4: npm run -s status --json: npm takes --json: write -- before it',
    },
    {
      markdown: '```sh\nairflow-ecr-refresh schedule aply\n```',
      problem: "4: airflow-ecr-refresh schedule aply: error: unknown command 'aply'\n(Did you mean apply?)",
    },
    {
      markdown: '```console\n$ npx airflow-ecr-refresh status --jsn\nok\n```',
      problem:
        "4: npx airflow-ecr-refresh status --jsn: error: unknown option '--jsn'\n(Did you mean --json?)",
    },
    {
      markdown: '```ini\nExecStart=/usr/bin/node /opt/x/dist/scripts/cli.js worker now\n```',
      problem:
        "4: /usr/bin/node /opt/x/dist/scripts/cli.js worker now: error: too many arguments for 'worker'. Expected 0 arguments but got 1.",
    },
    {
      markdown: '```yaml\nspec:\n  containers:\n    - args: [status, --expires-within, soon]\n```',
      problem: '6: airflow-ecr-refresh status --expires-within soon: ',
    },
    {
      markdown: '```\n* * * * * out=$(airflow-ecr-refresh status --quiet 2>&1) || echo "$out"\n```',
      problem: "4: airflow-ecr-refresh status --quiet: error: unknown option '--quiet'",
    },
    {
      markdown: '    node dist/scripts/cli.js wrker',
      problem: "3: node dist/scripts/cli.js wrker: error: unknown command 'wrker'",
    },
    { markdown: 'Run `./scripts/test --al`.', problem: '3: ./scripts/test --al: ./scripts/test has no --al' },
    { markdown: 'Run `./scripts/tests`.', problem: '3: ./scripts/tests: ENOENT' },
    {
      markdown: 'Run `schedule start`.',
      problem: "3: airflow-ecr-refresh schedule start: error: unknown command 'start'",
    },
    {
      markdown: 'With `doctor --onffline`.',
      problem: '3: airflow-ecr-refresh doctor --onffline: error: unknown option',
    },
  ]) {
    it(`are reported when they are wrong: ${JSON.stringify(markdown)}`, async () => {
      const found = await findProblems(listShownCommands(await parsePage('a.md', `# A\n\n${markdown}\n`)));
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0]?.startsWith(`a.md:${problem}`), found[0]);
    });
  }

  it('are split into words as a shell does', () => {
    const script = [
      '# a comment\nA=1 B=\'2 3\' one "t w o" thr\\\nee \\\n 4 # more',
      'x && y | z <id> 2>&1 >out &&\n  last $(in "$(n)")\n',
    ].join('\n');
    assert.deepEqual(
      splitScript(script, 10).map(({ line, commands }) => ({ line, commands })),
      [
        { line: 11, commands: [['one', 't w o', 'three', '4']] },
        {
          line: 14,
          commands: [['x'], ['y'], ['z', '<id>'], ['last', '$(in $(n))'], ['in', '$(n)'], ['n']],
        },
      ],
    );
    assert.throws(() => splitScript('cat <<EOF\na\nEOF\n'), /cannot be read as shell: <<EOF/);
  });
});
