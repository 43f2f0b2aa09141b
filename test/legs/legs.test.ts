import assert from 'node:assert/strict';
import { listLegs, type Leg } from './legs.js';
import { findOtherReleases, findSecondRelease, NODE_RELEASES, type NodeBinary } from './node-versions.js';
import { findFailures } from './run-leg.js';

const VERSION = process.versions.node;

function listOther(isAll: boolean): Leg[] {
  const otherNodes = findOtherReleases(VERSION, isAll).map((version): NodeBinary => {
    return { path: `/nodes/${version}/bin/node`, version };
  });
  const { alone, needCore, rest } = listLegs({ otherNodes, isAll });
  return [...alone, ...needCore, ...rest].filter(({ node }) => node !== undefined);
}

describe('the legs on other versions of Node', () => {
  it('are the built worker and some unit tests on a second version', () => {
    const version = findSecondRelease(VERSION);
    assert.deepEqual(
      listOther(false).map(({ title }) => title),
      [`unit tests that depend on Node, Node ${version}`, `the built worker, Node ${version}`],
    );
  });

  it('are the main path on each version with --all, and all unit tests on the second one', () => {
    const releases = findOtherReleases(VERSION, true);
    const titles = releases.map((version) => `main path, Node ${version}`);
    titles.push(`unit tests, Node ${findSecondRelease(VERSION)}`);
    assert.deepEqual(
      listOther(true)
        .map(({ title }) => title)
        .toSorted(),
      titles.toSorted(),
    );
  });

  it('run on the version in their title', () => {
    for (const { title, command, node } of listOther(true)) {
      assert.equal(command, node?.path);
      assert.ok(title.endsWith(`Node ${node?.version}`), title);
    }
  });

  it('include the main job and the built worker in the main path', () => {
    for (const { args } of listOther(true).filter(({ title }) => title.startsWith('main path'))) {
      assert.deepEqual(
        args.filter((arg) => arg.endsWith('.e2e.ts')),
        ['test/e2e/main-job.e2e.ts', 'test/e2e/worker.e2e.ts'],
      );
    }
  });
});

describe('findOtherReleases', () => {
  for (const { current, second } of [
    { current: '20.19.0', second: '24' },
    { current: '22.1.0', second: '20' },
    { current: '24.21.0', second: '20' },
    { current: '26.0.0', second: '20' },
    { current: '27.0.0', second: '20' },
  ]) {
    it(`finds Node ${second} under Node ${current}, or all other major versions`, () => {
      const isOther = (release: string): boolean => release.split('.')[0] !== current.split('.')[0];
      assert.deepEqual(
        findOtherReleases(current, false).map((release) => release.split('.')[0]),
        [second],
      );
      assert.deepEqual(findOtherReleases(current, true), NODE_RELEASES.filter(isOther));
    });
  }
});

describe('findFailures', () => {
  it("returns mocha's list of failures and what follows", () => {
    const output =
      'a log\n\n  3 passing (1s)\n\u001b[31m  1 failing\u001b[0m\n\n  1) a test:\nThe leg left process 7';
    assert.equal(findFailures(output), '  1 failing\n\n  1) a test:\nThe leg left process 7');
  });

  it('returns the last lines of a leg without such a list', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    assert.equal(findFailures(lines.join('\n')), lines.slice(70).join('\n'));
  });
});
