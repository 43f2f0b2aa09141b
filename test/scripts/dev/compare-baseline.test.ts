import assert from 'node:assert/strict';
import { compareContract, compareTitles, replaceWords } from '../../../scripts/dev/compare-baseline.js';
import { listFields, listSettings } from '../../../scripts/dev/contract.js';

const NONE = { renamed: {}, removed: {} };

describe('compareContract', () => {
  const compare = (current: readonly string[], changes: Partial<Parameters<typeof compareContract>[2]>) =>
    compareContract(['flag a --json', 'failure Old'], current, { ...NONE, ...changes });

  it('accepts additional items', () =>
    assert.deepEqual(compare(['failure Old', 'flag a --json', 'flag b --json'], {}), []));

  it('reports a missing item, and where to add it', () =>
    assert.deepEqual(compare(['failure Old'], {}), [
      '"flag a --json" is missing: restore it, or add it under `renamed` or `removed` of changes.json',
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

  it('reports each lost title, also one of two identical ones', () =>
    assert.deepEqual(compareTitles(['a', 'a', 'b'], ['a', 'b'], [], {}).problems, [
      'the test "a" is missing: restore it, or explain it in a group of titles-gone.json',
    ]));

  it('accepts lost titles of a group with a reason, as many times as they are listed', () => {
    const group = { reason: 'b tests the same.', titles: ['a'] };
    assert.deepEqual(compareTitles(['a', 'b'], ['b'], [group], {}).problems, []);
    assert.equal(compareTitles(['a', 'a', 'b'], ['b'], [group], {}).problems.length, 1);
  });

  it('reports titles of a group that still exist or never existed, and a group without a reason', () => {
    const { problems } = compareTitles(['a'], ['a'], [{ reason: '', titles: ['a', 'x'] }], {});
    assert.match(problems.join('\n'), /"a" still exists/);
    assert.match(problems.join('\n'), /"x" is not a recorded title/);
    assert.match(problems.join('\n'), /the group of "a" has no reason/);
  });

  it('renames words in recorded titles, and reports an unused word', () => {
    const words = { OldType: 'NewType', Nowhere: 'X' };
    assert.deepEqual(compareTitles(['fails with OldType'], ['fails with NewType'], [], words), {
      problems: ['"Nowhere" does not occur in the recorded titles: delete it from `words` of changes.json'],
      added: 0,
    });
  });
});

describe('replaceWords', () => {
  it('replaces only whole words, can swap two words, and replaces the longer word first', () => {
    assert.equal(replaceWords('a ab a-b (a)', { a: 'x' }), 'x ab x-b (x)');
    assert.equal(replaceWords('a b', { a: 'b', b: 'a' }), 'b a');
    assert.equal(replaceWords('a b', { a: 'x', 'a b': 'y' }), 'y');
    assert.equal(replaceWords('auth.user', { 'auth.user': 'login' }), 'login');
    assert.equal(replaceWords('authXuser', { 'auth.user': 'login' }), 'authXuser');
  });
});

describe('contract items', () => {
  it('include settings in mappings, lists, alternatives and mappings with any keys, and their values', () => {
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

  it('include fields in mappings and lists, and their values', () =>
    assert.deepEqual(listFields({ a: 'text', b: [{ c: { values: { x: true } } }], d: { e: 'text' } }, ''), [
      'a',
      'b[]',
      'b[].c',
      'b[].c=x',
      'd',
      'd.e',
    ]));
});
