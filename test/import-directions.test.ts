import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the files under test import, so that nothing but the rule in question can be wrong with them. */
const LAYOUT: Readonly<Record<string, string>> = {
  'src/secret.ts': 'export const secret = 1;',
  'src/app.ts': "import { ecr } from './adapters/ecr.js';\nexport const composed = ecr;",
  'src/refresh/token.ts': 'export const token = 1;',
  'src/refresh/plan.ts': "import { token } from './token.js';\nexport const plan = token;",
  'src/activities/index.ts': 'export interface Steps {\n  readonly a: number;\n}\nexport const steps = 1;',
  'src/activities/ports.ts':
    "import type { plan } from '../refresh/plan.js';\nexport type Port = typeof plan;",
  'src/adapters/ecr.ts': "import { token } from '../refresh/token.js';\nexport const ecr = token;",
  'src/config/load.ts': "import { secret } from '../secret.js';\nexport const load = secret;",
  'src/workflows/run.ts':
    "import { sleep } from '@temporalio/workflow';\nimport type { Steps } from '../activities/index.js';\n" +
    "import { plan } from '../refresh/plan.js';\nexport const run = (s: Steps): unknown => [sleep, plan, s];",
  'src/status/read.ts': "import { composed } from '../app.js';\nexport const read = composed;",
  'scripts/status.ts': "import { read } from '../src/status/read.js';\nexport const status = read;",
};

interface Forbidden {
  readonly what: string;
  readonly file: string;
  readonly source: string;
  readonly rule: string;
}

function importing(file: string, from: string): Pick<Forbidden, 'file' | 'source' | 'rule'> {
  return {
    file,
    source: `import { x } from '${from}';\nexport const y = x;`,
    rule: 'no-restricted-imports',
  };
}

const FORBIDDEN: readonly Forbidden[] = [
  { what: 'domain/ imports a package', ...importing('src/refresh/bad-1.ts', 'zod') },
  { what: 'domain/ imports Node', ...importing('src/refresh/bad-2.ts', 'node:crypto') },
  { what: 'domain/ imports something of ours', ...importing('src/refresh/bad-3.ts', '../secret.js') },
  {
    what: 'domain/ imports a type of ours',
    ...importing('src/refresh/bad-4.ts', ''),
    source: "import type { Steps } from '../activities/index.js';\nexport type T = Steps;",
  },
  { what: 'a workflow imports Node', ...importing('src/workflows/bad-1.ts', 'node:fs') },
  { what: 'a workflow imports a package', ...importing('src/workflows/bad-2.ts', 'axios') },
  {
    what: 'a workflow imports a value of activities',
    ...importing('src/workflows/bad-3.ts', '../activities/index.js'),
  },
  { what: 'a workflow imports an adapter', ...importing('src/workflows/bad-4.ts', '../adapters/ecr.js') },
  { what: 'a workflow imports a file of src', ...importing('src/workflows/bad-5.ts', '../secret.js') },
  { what: 'a workflow imports the client', ...importing('src/workflows/bad-6.ts', '@temporalio/client') },
  {
    what: 'a workflow hands on what it must not import',
    ...importing('src/workflows/bad-7.ts', ''),
    source: "export { ecr } from '../adapters/ecr.js';",
  },
  { what: 'an activity imports an adapter', ...importing('src/activities/bad-1.ts', '../adapters/ecr.js') },
  { what: 'an activity imports an HTTP client', ...importing('src/activities/bad-2.ts', 'axios') },
  { what: 'an activity imports an SDK', ...importing('src/activities/bad-3.ts', '@aws-sdk/client-ecr') },
  {
    what: 'an activity imports the configuration',
    ...importing('src/activities/bad-4.ts', '../config/load.js'),
  },
  {
    what: 'an adapter imports the configuration',
    ...importing('src/adapters/bad-1.ts', '../config/load.js'),
  },
  { what: 'an adapter imports Temporal', ...importing('src/adapters/bad-2.ts', '@temporalio/activity') },
  {
    what: 'an adapter in a folder of its own imports the configuration',
    ...importing('src/adapters/airflow/bad.ts', '../../config/load.js'),
  },
  { what: 'the configuration imports an adapter', ...importing('src/config/bad-1.ts', '../adapters/ecr.js') },
  { what: 'the status imports an adapter', ...importing('src/status/bad.ts', '../adapters/ecr.js') },
  { what: 'the doctor imports an adapter', ...importing('src/doctor/bad.ts', '../adapters/ecr.js') },
  { what: 'a file of src imports an adapter', ...importing('src/bad.ts', './adapters/ecr.js') },
  { what: 'a command imports an adapter', ...importing('scripts/bad.ts', '../src/adapters/ecr.js') },
  {
    what: 'two files import each other',
    file: 'src/refresh/circle.ts',
    source: "import { around } from './around.js';\nexport const circle = (): unknown => around;",
    rule: 'no-cycle',
  },
  {
    what: 'a file has a default export',
    file: 'src/refresh/default.ts',
    source: 'export default function hidden(): void {}',
    rule: 'no-default-export',
  },
  {
    what: 'a file prints',
    file: 'src/refresh/prints.ts',
    source: "console.log('x');\nexport const printed = 1;",
    rule: 'no-console',
  },
  {
    what: 'a promise is left alone',
    file: 'src/refresh/floating.ts',
    source: 'export function start(run: () => Promise<void>): void {\n  run();\n}',
    rule: 'no-floating-promises',
  },
];

describe('the import directions', function () {
  this.timeout(60_000);
  let folder: string;
  let reports: { readonly filename: string; readonly code: string }[];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'import-directions-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      cpSync(join(ROOT, name), join(folder, name));
    }
    const files = { ...LAYOUT, ...Object.fromEntries(FORBIDDEN.map(({ file, source }) => [file, source])) };
    write('src/refresh/around.ts', "import { circle } from './circle.js';\nexport const around = circle;");
    for (const [file, source] of Object.entries(files)) write(file, source);
    reports = lint();
  });

  after(() => rmSync(folder, { recursive: true }));

  function write(file: string, source: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${source}\n`);
  }

  /** oxlint exits with 1 when it has something to report. */
  function lint(): typeof reports {
    const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const;
    try {
      execFileSync(process.execPath, [oxlint, '--type-aware', '--format', 'json', 'src', 'scripts'], options);
      return assert.fail('oxlint found nothing');
    } catch (error) {
      const { stdout } = error as { stdout?: string };
      assert.ok(stdout, String(error));
      return (JSON.parse(stdout) as { diagnostics: typeof reports }).diagnostics;
    }
  }

  function codesOf(file: string): string[] {
    return reports.filter(({ filename }) => filename.replaceAll('\\', '/') === file).map(({ code }) => code);
  }

  for (const { what, file, rule } of FORBIDDEN) {
    it(`forbid that ${what}`, () => {
      const codes = codesOf(file);
      assert.ok(
        codes.some((code) => code.endsWith(`(${rule})`)),
        `reported: ${codes.join(', ') || 'nothing'}`,
      );
    });
  }

  for (const file of Object.keys(LAYOUT)) {
    it(`have nothing against ${file}`, () => assert.deepEqual(codesOf(file), []));
  }
});
