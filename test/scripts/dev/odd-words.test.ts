import assert from 'node:assert/strict';
import { describePlace, findInNames, findInText } from '../../../scripts/dev/odd-words.js';

const FILE = 'src/a.ts';

describe('the scan for odd words', () => {
  it('finds a word with its line, in any case', () => {
    const places = findInText(FILE, 'fine\nMend what is broken.');
    assert.deepEqual(places, [{ file: FILE, line: 2, word: 'mend', write: 'fix' }]);
  });

  it('finds a phrase that goes over the end of a line of a comment', () => {
    const places = findInText(FILE, '// It is left\n// alone.\n/** All the\n * same */');
    assert.deepEqual(
      places.map(({ word, line }) => [word, line]),
      [
        ['all the same', 3],
        ['left alone', 1],
      ],
    );
  });

  it('finds whole words only', () => {
    assert.deepEqual(findInText(FILE, 'recommend bearer besides asleep commended'), []);
  });

  it('finds nothing in the quotations of a decision record', () => {
    const text = '> Mend it.\n\nfixed';
    assert.deepEqual(findInText('docs/decisions/1.md', text), []);
    assert.equal(findInText('docs/operations.md', text).length, 1);
  });

  for (const { source, word } of [
    { source: 'export function mendToken(): void {}', word: 'mend' },
    { source: 'export async function judge(): void {}', word: 'judge' },
    { source: 'export const SICK_DISKS = 1;', word: 'sick' },
    { source: 'export class RogueCalls {}', word: 'rogue' },
    { source: 'export interface AWSRig {}', word: 'rig' },
    { source: 'export type SignInWay = 1;', word: 'sign in' },
  ] as const) {
    it(`finds ${word} in the name of \`${source}\``, () => {
      assert.deepEqual(
        findInNames(FILE, `// why\n${source}`).map((place) => [place.line, place.word]),
        [[2, word]],
      );
    });
  }

  it('finds a word in the path of a file of any kind', () => {
    const words = ['src/look-for-shadows.ts', 'sandbox/rig/start.py'].map(
      (file) => findInNames(file, '')[0]?.word,
    );
    assert.deepEqual(words, ['shadows', 'rig']);
  });

  it('finds nothing in names of which a word is only a part, nor in what is not exported', () => {
    assert.deepEqual(findInNames('src/right.ts', 'export const original = 1;\nconst rig = 2;'), []);
  });

  it('reports each place with what to write', () => {
    assert.deepEqual(findInText(FILE, 'mend\nmend').map(describePlace), [
      'src/a.ts:1: mend, write fix',
      'src/a.ts:2: mend, write fix',
    ]);
    assert.deepEqual(findInNames('src/rig.ts', '').map(describePlace), ['src/rig.ts:1: rig, write fixture']);
  });
});
