import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Secret } from '../../src/log/secret.js';

const VALUE = 'pa55word';

describe('Secret', () => {
  const secret = new Secret(VALUE);

  it('gives its value to whoever asks for it by name', () => assert.equal(secret.reveal(), VALUE));

  for (const [how, show] of [
    ['printed', () => inspect(secret, { depth: 10, showHidden: true })],
    ['printed within something', () => inspect({ list: [secret] }, { depth: 10, showHidden: true })],
    ['serialised', () => JSON.stringify({ secret })],
    ['concatenated', () => `Basic ${String(secret)}`],
    ['joined', () => [secret].join()],
    ['copied', () => JSON.stringify(Object.assign({}, secret))],
    ['listed', () => JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret)))],
    ['cloned', () => inspect(structuredClone(secret))],
  ] as const) {
    it(`does not show itself when it is ${how}`, () => assert.ok(!show().includes(VALUE), show()));
  }

  it('shows a placeholder, so that one sees that there is a secret', () =>
    assert.equal(JSON.stringify([secret]), '["[secret]"]'));

  it('has a fingerprint of 12 hex digits of its SHA-256', () => {
    // printf abc | sha256sum
    assert.equal(new Secret('abc').fingerprint(), 'ba7816bf8f01');
    assert.notEqual(new Secret('abd').fingerprint(), 'ba7816bf8f01');
  });
});
