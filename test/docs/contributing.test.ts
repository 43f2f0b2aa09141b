import assert from 'node:assert/strict';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { MINIMUM_NODE } from '../../scripts/check-node.js';
import { NODE_RELEASES } from '../legs/node-versions.js';

const ROOT = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

describe('the workflow for CI', () => {
  interface Workflow {
    readonly on: Readonly<Record<string, unknown>>;
    readonly permissions: unknown;
    readonly concurrency?: unknown;
    readonly jobs: Readonly<Record<string, Job>>;
  }
  interface Job {
    readonly permissions?: unknown;
    readonly 'timeout-minutes'?: number;
    readonly strategy: { readonly matrix: { readonly node: readonly number[] } };
    readonly steps: readonly Step[];
  }
  interface Step {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }

  const text = read('.github/workflows/ci.yml');
  const workflow = parse(text) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it('is the only workflow', () => {
    assert.deepEqual(readdirSync(new URL('.github/workflows', ROOT)), ['ci.yml']);
  });

  it('may only read the repository, and gives the tests no credentials', () => {
    assert.deepEqual(workflow.permissions, { contents: 'read' });
    assert.ok(jobs.every((job) => job.permissions === undefined));
    assert.deepEqual(Object.keys(workflow.on), ['push', 'pull_request', 'workflow_dispatch']);
    const [checkout] = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    assert.equal(checkout?.with?.['persist-credentials'], false);
    assert.doesNotMatch(text, /secrets/);
  });

  it('pins each action to the full digest of a commit, with its version in a comment', () => {
    const lines = text.split('\n').filter((line) => line.includes('uses:'));
    assert.equal(lines.length, steps.filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) assert.match(line, /^ +- uses: [\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('runs all tests on each supported Node version, from the oldest one', () => {
    const versions = jobs.map(({ strategy }) => strategy.matrix.node);
    assert.deepEqual(versions, [[20, 22, 24, 26]]);
    assert.deepEqual(
      NODE_RELEASES.map((release) => Number(release.split('.')[0])),
      versions[0],
    );
    assert.equal(String(versions[0]?.[0]), MINIMUM_NODE.split('.')[0]);
    assert.ok(steps.some(({ with: inputs }) => inputs?.['node-version'] === '${{ matrix.node }}'));
    assert.deepEqual(
      steps.flatMap(({ run }) => run ?? []),
      ['sudo env "PATH=$PATH" .ci/run'],
    );
    accessSync(new URL('.ci/run', ROOT), constants.X_OK);
  });

  it('ends a run that hangs or is outdated', () => {
    assert.ok(jobs.every((job) => (job['timeout-minutes'] ?? Infinity) <= 60));
    assert.ok(workflow.concurrency);
  });
});

describe('the issue forms', () => {
  interface Form {
    readonly name: string;
    readonly description: string;
    readonly body: readonly Field[];
  }
  interface Field {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly description?: string; readonly value?: string };
    readonly validations?: { readonly required?: boolean };
  }

  function readForm(name: string): Form {
    return parse(read(`.github/ISSUE_TEMPLATE/${name}.yml`)) as Form;
  }

  for (const name of ['bug', 'feature']) {
    it(`have all parts that GitHub requires: ${name}`, () => {
      const form = readForm(name);
      assert.ok(form.name && form.description);
      const fields = form.body.filter(({ type }) => type !== 'markdown');
      assert.ok(fields.every(({ id, attributes }) => id && attributes.label));
      assert.equal(new Set(fields.map(({ id }) => id)).size, fields.length);
    });
  }

  it('ask for the version and what doctor reports, but not for secrets', () => {
    const { body } = readForm('bug');
    const required = body.filter(({ validations }) => validations?.required).map(({ id }) => id);
    assert.deepEqual(required, ['happened', 'expected', 'doctor', 'version', 'airflow', 'environment']);
    assert.match(body[0]?.attributes.value ?? '', /Do not paste tokens, passwords or keys.*SECURITY\.md/s);
    const doctor = body.find(({ id }) => id === 'doctor');
    assert.match(doctor?.attributes.description ?? '', /`npm run -s doctor -- --json`/);
  });

  it('are the only way to open an issue', () => {
    assert.deepEqual(parse(read('.github/ISSUE_TEMPLATE/config.yml')), { blank_issues_enabled: false });
  });
});

describe('the settings for editors', () => {
  it('agree with prettier', () => {
    const prettier = JSON.parse(read('.prettierrc.json')) as Readonly<Record<string, unknown>>;
    const settings = /^\[\*\]\n(.*?)\n\n/ms.exec(read('.editorconfig'))?.[1]?.split('\n') ?? [];
    assert.ok(settings.includes(`max_line_length = ${String(prettier['printWidth'])}`));
    assert.ok(settings.includes(`indent_size = ${String(prettier['tabWidth'] ?? 2)}`));
    assert.ok(settings.includes('indent_style = space') && settings.includes('end_of_line = lf'));
  });
});

describe('the lint rules that are switched off', () => {
  it('have their reason in the line above', () => {
    const lines = read('.oxlintrc.json').split('\n');
    const isOff = (line = ''): boolean => /": "off",?$/.test(line);
    const off = lines.filter(isOff);
    assert.ok(off.length > 0 && !lines.some((line) => !isOff(line) && line.includes('"off"')));
    const unexplained = lines.filter((line, index) => {
      if (!isOff(line)) return false;
      // One reason may be that of several rules.
      let above = index - 1;
      while (isOff(lines[above])) above -= 1;
      return !/^ +\/\/ Off: .+\.$/.test(lines[above] ?? '');
    });
    assert.deepEqual(unexplained, []);
  });
});
