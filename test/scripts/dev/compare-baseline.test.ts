import assert from 'node:assert/strict';
import { compareContract, compareTitles, replaceWords } from '../../../scripts/dev/compare-baseline.js';
import { listFields, listSettings } from '../../../scripts/dev/contract.js';

const NONE = { renamed: {}, removed: {} };

describe('compareContract', () => {
  const compare = (current: readonly string[], changes: Partial<Parameters<typeof compareContract>[2]>) =>
    compareContract(['flag a --json', 'failure Old'], current, { ...NONE, ...changes });

  it('accepts a contract that has only grown', () =>
    assert.deepEqual(compare(['failure Old', 'flag a --json', 'flag b --json'], {}), []));

  it('reports an item that is gone, and where to enter it', () =>
    assert.deepEqual(compare(['failure Old'], {}), [
      '"flag a --json" is gone: restore it, or enter it under `renamed` or `removed` of changes.json',
    ]));

  it('accepts an item that was renamed or removed with a reason', () => {
    assert.deepEqual(
      compare(['flag a --json', 'failure New'], { renamed: { 'failure Old': 'failure New' } }),
      [],
    );
    assert.deepEqual(compare(['flag a --json'], { removed: { 'failure Old': 'It cannot occur.' } }), []);
  });

  it('reports a new name that does not exist', () =>
    assert.match(
      compare(['flag a --json'], { renamed: { 'failure Old': 'failure New' } }).join(),
      /"failure Old" became "failure New", which does not exist/,
    ));

  it('reports an entry without a reason, and an item that is in both sections', () => {
    assert.match(compare(['flag a --json'], { removed: { 'failure Old': ' ' } }).join(), /has no reason/);
    const both = { renamed: { 'failure Old': 'flag a --json' }, removed: { 'failure Old': 'why' } };
    assert.match(compare(['flag a --json'], both).join(), /both renamed and removed/);
  });

  it('reports entries of items that still exist or never existed', () => {
    const current = ['flag a --json', 'failure Old'];
    assert.match(compare(current, { removed: { 'failure Old': 'why' } }).join(), /still exists/);
    assert.match(
      compare(current, { removed: { 'failure X': 'why' } }).join(),
      /not in the recorded contract/,
    );
  });
});

describe('compareTitles', () => {
  it('counts added titles and accepts them', () =>
    assert.deepEqual(compareTitles(['a', 'a'], ['a', 'b', 'a', 'a'], [], {}), { problems: [], added: 2 }));

  it('reports each lost title, also one of two alike', () =>
    assert.deepEqual(compareTitles(['a', 'a', 'b'], ['a', 'b'], [], {}).problems, [
      'the test "a" is gone: restore it, or explain it in a group of titles-gone.json',
    ]));

  it('accepts lost titles of a group with a reason, as often as they are listed', () => {
    const group = { reason: 'The same is tested by b.', titles: ['a'] };
    assert.deepEqual(compareTitles(['a', 'b'], ['b'], [group], {}).problems, []);
    assert.equal(compareTitles(['a', 'a', 'b'], ['b'], [group], {}).problems.length, 1);
  });

  it('reports titles of a group that still exist or never existed, and a group without a reason', () => {
    const { problems } = compareTitles(['a'], ['a'], [{ reason: '', titles: ['a', 'x'] }], {});
    assert.match(problems.join('\n'), /"a" still exists/);
    assert.match(problems.join('\n'), /"x" is not a recorded title/);
    assert.match(problems.join('\n'), /the group of "a" has no reason/);
  });

  it('renames words in recorded titles, and reports a word that is in none', () => {
    const words = { OldType: 'NewType', Nowhere: 'X' };
    assert.deepEqual(compareTitles(['fails with OldType'], ['fails with NewType'], [], words), {
      problems: ['"Nowhere" is in no recorded title: delete it from `words` of changes.json'],
      added: 0,
    });
  });
});

describe('replaceWords', () => {
  it('replaces whole words alone, two that change places too, and the longer of two first', () => {
    assert.equal(replaceWords('a ab a-b (a)', { a: 'x' }), 'x ab x-b (x)');
    assert.equal(replaceWords('a b', { a: 'b', b: 'a' }), 'b a');
    assert.equal(replaceWords('a b', { a: 'x', 'a b': 'y' }), 'y');
    assert.equal(replaceWords('auth.user', { 'auth.user': 'sign-in' }), 'sign-in');
    assert.equal(replaceWords('authXuser', { 'auth.user': 'sign-in' }), 'authXuser');
  });
});

describe('the items of the contract', () => {
  it('are settings within mappings, lists, alternatives and mappings of any names, and their values', () => {
    const reference = { properties: { env: { type: 'string' } } };
    const schema = {
      properties: {
        kind: { enum: ['x', 'y'] },
        list: { items: { anyOf: [{ type: 'string' }, reference] } },
        headers: { additionalProperties: reference },
      },
    };
    assert.deepEqual(listSettings(schema, ''), [
      'kind',
      'kind=x',
      'kind=y',
      'list',
      'list[].env',
      'headers',
      'headers.*.env',
    ]);
  });

  it('are fields within mappings and lists, and their values', () =>
    assert.deepEqual(listFields({ a: 'text', b: [{ c: { values: { x: true } } }], d: { e: 'text' } }, ''), [
      'a',
      'b[]',
      'b[].c',
      'b[].c=x',
      'd',
      'd.e',
    ]));
});
