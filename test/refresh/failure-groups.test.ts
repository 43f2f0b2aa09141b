import assert from 'node:assert/strict';
import { failure } from '../fakes/fake-report.js';
import { FailureGroups } from '../../src/refresh/failure-groups.js';
import type { FailureReport } from '../../src/refresh/report.js';

function groupFailures(failures: readonly FailureReport[]): FailureReport[] {
  const groups = new FailureGroups();
  for (const each of failures) groups.add(each);
  return groups.list();
}

describe('groupFailures', () => {
  it('merges 10,000 equal failures to one entry with the count and the first 1,000 ids', () => {
    const failures = Array.from({ length: 10_000 }, (_, index) =>
      failure({ connections: [`id_${index}`], message: `Connection id_${index} is missing.` }),
    );
    const groups = groupFailures(failures);
    assert.equal(groups.length, 1);
    assert.equal(groups[0]?.count, 10_000);
    assert.deepEqual(
      groups[0]?.connections,
      Array.from({ length: 1000 }, (_, index) => `id_${index}`),
    );
    assert.equal(groups[0]?.message, 'Connection id_0 is missing.');
  });

  for (const { title, other } of [
    { title: 'stage', other: { stage: 'inspect' } },
    { title: 'store', other: { store: 'other' } },
    { title: 'registry', other: { registry: 'other' } },
    { title: 'engine', other: { engine: 'unix:///other.sock' } },
    { title: 'type', other: { type: 'ConnectionPortSet' } },
  ] as const) {
    it(`does not merge failures of another ${title}`, () =>
      assert.equal(groupFailures([failure(), failure(other)]).length, 2));
  }

  it('does not merge failures of unknown connections, such as of a list, with those of known ones', () => {
    const groups = groupFailures([failure(), failure({ count: 0, connections: [] })]);
    assert.deepEqual(
      groups.map(({ count }) => count),
      [1, 0],
    );
  });

  it('does not merge two places whose joined names are equal', () =>
    assert.equal(
      groupFailures([failure({ store: 'a,b', registry: 'c' }), failure({ store: 'a', registry: 'b,c' })])
        .length,
      2,
    ));

  it('shortens a single failure with 1,200 connections to 1,000 ids, but counts all', () => {
    const connections = Array.from({ length: 1200 }, (_, index) => `id_${index}`);
    const [group] = groupFailures([failure({ count: 1200, connections })]);
    assert.equal(group?.count, 1200);
    assert.equal(group?.connections.length, 1000);
  });

  it('shows hidden characters of a message as escapes', () => {
    const [group] = groupFailures([failure({ message: 'a\u001b\u202e' })]);
    assert.equal(group?.message, 'a\\u001b\\u202e');
  });

  it('keeps a message of 500 characters and truncates one of 501', () => {
    const messages = [500, 501].map(
      (length) => groupFailures([failure({ message: 'm'.repeat(length) })])[0]?.message,
    );
    assert.deepEqual(messages, ['m'.repeat(500), `${'m'.repeat(499)}…`]);
  });
});
