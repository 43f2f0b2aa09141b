import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

import { PACKAGES, PLACES, PRODUCT, ROWS, type Row } from './import-table.js';

interface Statement {
  /** The place, `type of` the place, or the package that the statement imports. */
  readonly of: string;
  readonly code: string;
}

/** Imports values and types of each place, and each package, one per line. */
function importEverything(file: string): Statement[] {
  const others = PLACES.filter((place) => place !== file);
  const paths = others.map((place) => relativePath(file, place));
  return [
    ...others.map((of, n) => ({ of, code: `import { sample as value${n} } from '${paths[n]}';` })),
    ...others.map((place, n) => ({
      of: `type of ${place}`,
      code: `import type { Sample as Type${n} } from '${paths[n]}';`,
    })),
    ...PACKAGES.map((of, n) => ({ of, code: `import * as package${n} from '${of}';` })),
  ];
}

function relativePath(file: string, place: string): string {
  const path = posix.relative(posix.dirname(inRoot(file)), inRoot(toSample(place))).replace(/\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}

function toSample(place: string): string {
  return place.endsWith('/') ? `${place}sample.ts` : place;
}

function inRoot(file: string): string {
  return posix.join('src', file);
}

function isAllowed({ imports, types = [], packages }: Row, of: string): boolean {
  const place = of.replace(/^type of /, '');
  return imports.includes(place) || packages.includes(place) || (place !== of && types.includes(place));
}

interface Violation {
  readonly what: string;
  readonly file: string;
  readonly source: string;
  readonly rule: string;
}

const VIOLATIONS: readonly Violation[] = [
  {
    what: 'a forbidden import that is re-exported',
    file: 'src/workflows/passes-on.ts',
    source: "export { sample } from '../net/sample.js';",
    rule: 'no-restricted-imports',
  },
  {
    what: 'two files that import each other',
    file: 'src/refresh/pair.ts',
    source: "import { partner } from './partner.js';\nexport const pair = (): unknown => partner;",
    rule: 'no-cycle',
  },
  {
    what: 'two files that import only types from each other',
    file: 'src/refresh/type-pair.ts',
    source: "import type { Partner } from './type-partner.js';\nexport type Pair = Partner | 1;",
    rule: 'no-cycle',
  },
  {
    what: 'a cycle of three files through types and values',
    file: 'src/refresh/three-1.ts',
    source: "export type { Two } from './three-2.js';\nexport type One = 1;",
    rule: 'no-cycle',
  },
  {
    what: 'a cycle across two folders',
    file: 'src/schedule/circle.ts',
    source: "import type { Round } from '../workflows/circle.js';\nexport type Circle = Round | 1;",
    rule: 'no-cycle',
  },
  {
    what: 'a default export',
    file: 'src/refresh/default.ts',
    source: 'export default function hidden(): void {}',
    rule: 'no-default-export',
  },
  {
    what: 'a call to console.log',
    file: 'src/refresh/prints.ts',
    source: "console.log('x');\nexport const printed = 1;",
    rule: 'no-console',
  },
  {
    what: 'a floating promise',
    file: 'src/refresh/floating.ts',
    source: 'export function start(run: () => Promise<void>): void {\n  run();\n}',
    rule: 'no-floating-promises',
  },
];

/** The other files of the cycles. */
const PARTNERS: Readonly<Record<string, string>> = {
  'src/refresh/partner.ts': "import { pair } from './pair.js';\nexport const partner = pair;",
  'src/refresh/type-partner.ts': "import type { Pair } from './type-pair.js';\nexport type Partner = Pair[];",
  'src/refresh/three-2.ts': "import { three } from './three-3.js';\nexport type Two = typeof three;",
  'src/refresh/three-3.ts': "import type { One } from './three-1.js';\nexport const three: One = 1;",
  'src/workflows/circle.ts':
    "import type { Circle } from '../schedule/circle.js';\nexport type Round = Circle[];",
};

interface Report {
  readonly filename: string;
  readonly code: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

describe('the lint rules', function () {
  this.timeout(60_000);
  let folder: string;
  let reports: readonly Report[];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'import-directions-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      cpSync(join(ROOT, name), join(folder, name));
    }
    const sample = 'export const sample = 1;\nexport type Sample = 1;';
    for (const place of PLACES) write(inRoot(toSample(place)), sample);
    for (const file of ROWS.flatMap(({ files }) => files)) {
      const lines = importEverything(file).map(({ code }) => code);
      write(inRoot(file), lines.join('\n'));
    }
    for (const { file, source } of VIOLATIONS) write(file, source);
    for (const [file, source] of Object.entries(PARTNERS)) write(file, source);
    reports = lint();
  });

  after(() => rmSync(folder, { recursive: true }));

  function write(file: string, source: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${source}\n`);
  }

  /** oxlint exits with 1 if it reports problems. */
  function lint(): readonly Report[] {
    const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 } as const;
    const folders = ['src', 'scripts', 'sandbox'];
    try {
      execFileSync(process.execPath, [oxlint, '--type-aware', '--format', 'json', ...folders], options);
      return assert.fail('oxlint found nothing');
    } catch (error) {
      const { stdout } = error as { stdout?: string };
      assert.ok(stdout, String(error));
      return (JSON.parse(stdout) as { diagnostics: readonly Report[] }).diagnostics;
    }
  }

  function getReports(file: string, rule: string): readonly Report[] {
    return reports.filter(
      ({ filename, code }) => filename.replaceAll('\\', '/') === file && code.endsWith(`(${rule})`),
    );
  }

  for (const row of ROWS) {
    for (const file of row.files) {
      it(`allow ${inRoot(file)} only the imports in the import table`, () => {
        const statements = importEverything(file);
        const reported = getReports(inRoot(file), 'no-restricted-imports').map(
          ({ labels }) => statements[(labels[0]?.span.line ?? 0) - 1]?.of,
        );
        const forbidden = statements.map(({ of }) => of).filter((of) => !isAllowed(row, of));
        assert.deepEqual(new Set(reported), new Set(forbidden));
      });
    }
  }

  for (const { what, file, rule } of VIOLATIONS) {
    it(`report ${what}`, () => assert.notEqual(getReports(file, rule).length, 0));
  }

  it('have a row in the import table for every folder and file of src/', () => {
    const inTable = new Set(PRODUCT.map((place) => place.split('/')[0]));
    assert.deepEqual(
      readdirSync(join(ROOT, 'src')).filter((name) => !inTable.has(name)),
      [],
    );
  });
});
