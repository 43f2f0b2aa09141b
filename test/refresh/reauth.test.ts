import assert from 'node:assert/strict';
import { readReauth } from '../../src/refresh/reauth.js';

// Compared with DockerHook itself in test/e2e/docker-hook.e2e.ts.
describe('readReauth', () => {
  const texts = (values: readonly unknown[]): string[] => values.map((reauth) => JSON.stringify({ reauth }));

  for (const extra of [
    null,
    '',
    '{}',
    'reauth=false',
    '{"reauth": False}',
    '{"email":"a"}',
    '{"nested":{"reauth":false}}',
    '{"__proto__":{"reauth":false}}',
    '{"reauth": NaN}',
    '{"reauth": -Infinity, "a": "\\""}',
    '{"reauth": true, "ratio": Infinity}',
    ...texts([true, 1, -1, [0], { a: 1 }, 'y', 'Yes', 't', 'True', 'ON', '1']),
  ]) {
    it(`is on with ${extra ?? 'no extra'}`, () => assert.equal(readReauth(extra), true));
  }

  for (const extra of [
    '{"reauth": false, "ratio": NaN}',
    ...texts([false, null, 0, [], {}, 'n', 'No', 'f', 'FALSE', 'off', '0']),
  ]) {
    it(`is off with ${extra}`, () => assert.equal(readReauth(extra), false));
  }

  for (const extra of texts(['', ' ', '2', 'maybe', ' true', '***', 'NaN', 'Infinity', '"NaN'])) {
    it(`has no meaning with ${extra}`, () => assert.equal(readReauth(extra), 'unknown'));
  }

  for (const extra of ['[]', '["reauth"]', '"reauth"', 'null', '5', 'true']) {
    it(`is not read from ${extra}, which is no object`, () => assert.equal(readReauth(extra), 'no object'));
  }
});
