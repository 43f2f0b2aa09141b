import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MODULES = join(ROOT, 'node_modules');

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Every installed Temporal package, including nested ones such as `a/node_modules/@temporalio/b`. */
function temporalPackages(nodeModules: string): PackageJson[] {
  const packages = subfolders(nodeModules).flatMap((folder) =>
    basename(folder).startsWith('@') ? subfolders(folder) : [folder],
  );
  const ours = packages.filter((folder) => folder.startsWith(join(nodeModules, '@temporalio')));
  return [
    ...ours.map(readPackage),
    ...packages.flatMap((folder) => temporalPackages(join(folder, 'node_modules'))),
  ];
}

// By default, the Temporal packages install a protobufjs version that does not work with their generated code: reading
// a history from JSON fails, and with it every replay test. package.json pins a version that works.
describe('the installed Temporal packages', () => {
  it('can read a history from JSON', () => {
    const history = historyFromJSON({
      events: [
        {
          eventId: '1',
          eventTime: '2026-01-01T00:00:00.123Z',
          eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
          taskId: '1048587',
          workflowExecutionStartedEventAttributes: {
            workflowType: { name: 'refreshCredentials' },
            taskQueue: { name: 'ecr-refresh', kind: 'TASK_QUEUE_KIND_NORMAL' },
            input: {
              payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJyZXRyeUZvck1zIjoxfQ==' }],
            },
            workflowExecutionTimeout: '13800s',
            attempt: 1,
          },
        },
      ],
    });
    const [event] = history.events ?? [];
    const started = event?.workflowExecutionStartedEventAttributes;
    assert.equal(started?.workflowType?.name, 'refreshCredentials');
    assert.equal(Number(event?.eventTime?.seconds), Date.parse('2026-01-01T00:00:00Z') / 1000);
    assert.equal(Number(started.workflowExecutionTimeout?.seconds), 13_800);
    const payload = started.input?.payloads?.[0]?.data;
    assert.equal(Buffer.from(payload ?? []).toString(), '{"retryForMs":1}');
  });

  it('all have the version in package.json', () => {
    const { dependencies = {}, devDependencies = {} } = readPackage(ROOT);
    const named = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) =>
      name.startsWith('@temporalio/'),
    );
    const versions = new Set(named.map(([, version]) => version));
    assert.equal(versions.size, 1, `package.json names ${[...versions].join(', ')}`);
    const [wanted] = versions;
    const installed = temporalPackages(NODE_MODULES);
    assert.ok(installed.length >= named.length, `only ${installed.length} are installed`);
    assert.deepEqual(
      installed.filter(({ version }) => version !== wanted).map(({ name, version }) => `${name}@${version}`),
      [],
    );
  });
});
