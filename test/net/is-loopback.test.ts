import assert from 'node:assert/strict';
import { isLoopbackHost } from '../../src/net/is-loopback.js';

describe('isLoopbackHost', () => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '[::ffff:7f00:1]',
  ]) {
    it(`accepts ${host}`, () => assert.equal(isLoopbackHost(host), true));
  }

  for (const host of [
    '',
    '127.0.0',
    '127.0.0.256',
    '127.0.0.01',
    '127.0.0.1.example.com',
    '128.0.0.1',
    '1127.0.0.1',
    '::2',
    'localhost.',
    '::ffff:128.0.0.1',
    'localhost.example.com',
  ]) {
    it(`rejects ${JSON.stringify(host)}`, () => assert.equal(isLoopbackHost(host), false));
  }
});
