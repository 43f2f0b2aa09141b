import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Secret } from '../../src/log/secret.js';

const VALUE = 'pa55word';

describe('Secret', () => {
  const secret = new Secret(VALUE);

  it('returns its value from reveal()', () => assert.equal(secret.reveal(), VALUE));

  for (const { title, show } of [
    { title: 'printed', show: () => inspect(secret, { depth: 10, showHidden: true }) },
    {
      title: 'printed within an object',
      show: () => inspect({ list: [secret] }, { depth: 10, showHidden: true }),
    },
    { title: 'serialized', show: () => JSON.stringify({ secret }) },
    { title: 'concatenated', show: () => `Basic ${String(secret)}` },
    { title: 'joined', show: () => [secret].join() },
    { title: 'copied', show: () => JSON.stringify(Object.assign({}, secret)) },
    { title: 'listed', show: () => JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret))) },
    { title: 'cloned', show: () => inspect(structuredClone(secret)) },
  ] as const) {
    it(`does not show its value when it is ${title}`, () => assert.ok(!show().includes(VALUE), show()));
  }

  it('shows a placeholder, so that its presence is visible', () =>
    assert.equal(JSON.stringify([secret]), '["[secret]"]'));

  it('has a fingerprint: the first 12 hex digits of its SHA-256', () => {
    // printf abc | sha256sum
    assert.equal(new Secret('abc').fingerprint(), 'ba7816bf8f01');
    assert.notEqual(new Secret('abd').fingerprint(), 'ba7816bf8f01');
  });
});
