import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  cutText,
  escapeHidden,
  isVisible,
  MAX_CHARS,
  toMarkdown,
  toSafeText,
  toSafeValues,
} from '../../src/refresh/safe-text.js';
import { assertSafe, hostileText } from '../fakes/hostile-texts.js';

function countCharacters(text: string): number {
  return Array.from(text).length;
}

describe('toSafeText', () => {
  for (const { title, text, shown } of [
    { title: 'letters, marks, symbols and spaces', text: 'döcker_数据 שלום  हिन्दी 👍 €', shown: undefined },
    { title: 'a sequence that sets the title', text: '\u001b]0;x\u0007', shown: '\\u001b]0;x\\u0007' },
    { title: 'C1 controls', text: '\u009b2J\u0085', shown: '\\u009b2J\\u0085' },
    { title: 'line breaks and tabs', text: 'a\r\nb\tc\u2028d', shown: 'a\\r\\nb\\tc\\u2028d' },
    { title: 'bidirectional controls', text: 'a\u202eb\u2066c\u061c', shown: 'a\\u202eb\\u2066c\\u061c' },
    { title: 'zero-width characters', text: 'a\u200bb\ufeffc\u00ad', shown: 'a\\u200bb\\ufeffc\\u00ad' },
    { title: 'unusual spaces', text: 'a\u00a0b\u3000c', shown: 'a\\u00a0b\\u3000c' },
    { title: 'tags', text: 'a\u{e0041}', shown: 'a\\udb40\\udc41' },
    { title: 'halves of surrogate pairs', text: 'a\ud800b\udc00', shown: 'a\\ud800b\\udc00' },
    { title: 'quotation marks and backslashes', text: 'a"b\\c\\', shown: undefined },
  ]) {
    const what = shown === undefined ? 'does not change' : 'escapes';
    it(`${what} ${title}`, () => assert.equal(toSafeText(text), shown ?? text));
  }

  it('limits the length in characters, and never shows a part of a character or escape', () => {
    assert.equal(toSafeText('x'.repeat(11), 10), `${'x'.repeat(9)}…`);
    assert.equal(toSafeText('👍'.repeat(10), 10), '👍'.repeat(10));
    assert.equal(toSafeText('👍'.repeat(11), 10), `${'👍'.repeat(9)}…`);
    for (const length of [5, 6, 7, 8, 9]) {
      assert.equal(toSafeText(`${'x'.repeat(length)}\u202e`, 10), `${'x'.repeat(length)}…`);
    }
    assert.equal(toSafeText('xxxx\u202e', 10), 'xxxx\\u202e');
  });

  it('returns safe text of limited length, which stays the same when it is filtered again', () =>
    fc.assert(
      fc.property(hostileText(), fc.integer({ min: 1, max: 300 }), (text, maxChars) => {
        const safe = toSafeText(text, maxChars);
        assertSafe(safe);
        assert.ok(!safe.includes('\n') && countCharacters(safe) <= maxChars);
        assert.equal(toSafeText(safe, maxChars), safe);
      }),
    ));
});

describe('escapeHidden', () => {
  it('keeps line breaks and the values of a JSON document, whatever they are', () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), hostileText(), (value, text) => {
        const json = escapeHidden(JSON.stringify([value, text], null, 2));
        assertSafe(json);
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify([value, text])));
      }),
    ));
});

describe('toSafeValues', () => {
  it('filters texts at every depth and keeps everything else', () => {
    const at = new Date(0);
    assert.deepEqual(toSafeValues({ a: ['\u001b', { b: '\u202e', c: 1, d: null, e: at }], f: undefined }), {
      a: ['\\u001b', { b: '\\u202e', c: 1, d: null, e: at }],
      f: undefined,
    });
    assert.equal(toSafeValues('x'.repeat(9999)).length, MAX_CHARS.printed);
  });
});

describe('cutText', () => {
  it('never cuts a character', () => assert.equal(cutText('👍👍👍', 2), '👍…'));
});

describe('isVisible', () => {
  it('distinguishes what a reader can see', () => {
    for (const character of ['a', 'ö', '数', ' ', '👍', '\u0301']) assert.ok(isVisible(character), character);
    for (const character of ['\n', '\u200b', '\u3164', '\ud800']) assert.ok(!isVisible(character));
  });
});

describe('toMarkdown', () => {
  for (const { title, text, markdown } of [
    { title: 'an image', text: '![x](https://evil.example)', markdown: '!\\[x\\](https:\\//evil.example)' },
    { title: 'an address', text: 'see www.evil.example', markdown: 'see www\\.evil.example' },
    { title: 'an e-mail address', text: 'a@evil.example', markdown: 'a\\@evil.example' },
    { title: 'HTML', text: '<img src=x> &lt;', markdown: '\\<img src=x\\> \\&lt;' },
    { title: 'emphasis', text: '*a* _b_ ~c~', markdown: '\\*a\\* \\_b\\_ \\~c\\~' },
    { title: 'code', text: 'Run `x`.', markdown: 'Run \\`x\\`.' },
    { title: 'a heading', text: '# a', markdown: '\\# a' },
    { title: 'a list', text: '1. a', markdown: '1\\. a' },
    { title: 'a backslash', text: '\\[a', markdown: '\\\\\\[a' },
    { title: 'hidden characters', text: '\u001b\n# a', markdown: '\\\\u001b\\\\n# a' },
  ]) {
    it(`escapes ${title}`, () => assert.equal(toMarkdown(text), markdown));
  }

  it('does not change ids and hosts', () => {
    for (const text of ['docker_default', '123456789012.dkr.ecr.us-east-1.amazonaws.com', 'a - b (c): d']) {
      assert.equal(toMarkdown(text), text);
    }
  });

  it('leaves nothing that begins a link, an image, HTML or code', () =>
    fc.assert(
      fc.property(hostileText(), (text) => {
        const markdown = toMarkdown(text);
        assertSafe(markdown);
        assert.doesNotMatch(markdown.replaceAll(/\\[!-/:-@[-`{-~]/g, ''), /[[\]<>`*|~@]|:\/\/|www\./i);
      }),
    ));
});
