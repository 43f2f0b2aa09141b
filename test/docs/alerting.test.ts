import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { buildProgram } from '../../scripts/program.js';

const SOURCES = ['status/find-problems.ts', 'schedule/schedule-state.ts', 'temporal/queue-workers.ts'];

function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const DOCUMENT = readText('docs/alerting.md');

/** The ids of the documented problems, in their order. */
function readListed(): (string | undefined)[] {
  const [, problems = ''] = /\n## Problems\n(.*)$/s.exec(DOCUMENT) ?? [];
  const items = problems.match(/^- (?:.|\n  )*/gm) ?? [];
  return items.map((item) => {
    const [, id] = /^- \*\*`([a-z-]+)`\*\*: .*\bFix:\s/s.exec(item) ?? [];
    assert.ok(id, item);
    return id;
  });
}

/** The ids that the code gives to problems. */
function findIds(source: string): string[] {
  return [...source.matchAll(/(?:\bid: |\btoProblem\(|\badd\()'([a-z-]+)'/g)].map(([, id = '']) => id);
}

describe('the documentation of alerts', () => {
  it('lists the id of each problem once', () => {
    const ids = SOURCES.flatMap((path) => findIds(readText(`src/${path}`)));
    assert.ok(ids.length >= 14, `found ${ids.join(', ')}`);
    const listed = readListed();
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(new Set(listed), new Set(ids));
  });

  it('finds the ids however they are given', () => {
    assert.deepEqual(findIds("id: 'a', toProblem('b-c', add('d', grid: 'x', padd('y'"), ['a', 'b-c', 'd']);
  });

  it('has a complete CronJob, whose arguments the command accepts', () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(DOCUMENT) ?? [];
    interface CronJob {
      readonly kind: string;
      readonly spec: {
        readonly jobTemplate: {
          readonly spec: {
            readonly backoffLimit: number;
            readonly template: { readonly spec: { readonly containers: readonly Container[] } };
          };
        };
      };
    }
    interface Container {
      readonly args: readonly string[];
      readonly env: readonly { readonly name: string }[];
    }
    const job = parse(yaml) as CronJob;
    assert.equal(job.kind, 'CronJob');
    const { backoffLimit, template } = job.spec.jobTemplate.spec;
    assert.equal(backoffLimit, 0);
    const [container] = template.spec.containers;
    assert.ok(container);
    assert.ok(container.env.every(({ name }) => name.startsWith('TEMPORAL_')));
    const [name, ...args] = container.args;
    const status = buildProgram().commands.find((command) => command.name() === name);
    assert.deepEqual(status?.parseOptions(args).unknown, []);
    assert.deepEqual([status.opts()['json'], status.opts()['scheduleId']], [true, 'ecr-refresh']);
  });

  it('has a crontab line whose options the command accepts', () => {
    const [, args = ''] = /airflow-ecr-refresh status (.*?) 2>&1/.exec(DOCUMENT) ?? [];
    const status = buildProgram().commands.find((command) => command.name() === 'status');
    assert.deepEqual(status?.parseOptions(args.split(' ')).unknown, []);
  });
});
