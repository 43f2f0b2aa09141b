import assert from 'node:assert/strict';
import net from 'node:net';
import { setNetworkDefaults } from '../../src/net/network-defaults.js';

describe('setNetworkDefaults', () => {
  const before = net.getDefaultAutoSelectFamilyAttemptTimeout();
  afterEach(() => net.setDefaultAutoSelectFamilyAttemptTimeout(before));

  for (const { set, expected } of [
    { set: 250, expected: 1000 },
    { set: 5000, expected: 5000 },
  ]) {
    it(`gives each address ${expected} ms if Node would give it ${set} ms`, () => {
      net.setDefaultAutoSelectFamilyAttemptTimeout(set);
      setNetworkDefaults();
      assert.equal(net.getDefaultAutoSelectFamilyAttemptTimeout(), expected);
    });
  }
});
