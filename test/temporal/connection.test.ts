import assert from 'node:assert/strict';
import { describeUnavailable, unavailable } from '../../src/temporal/connection.js';

const SETTINGS = { connectionOptions: {}, address: 'temporal:7233', namespace: 'default' };
const PLACE = 'Temporal at temporal:7233, namespace default';

describe('unavailable', () => {
  for (const [grpcStatus, code, words, remedy] of [
    [5, 'namespace-not-found', 'there is no such namespace', 'Create it, or set TEMPORAL_NAMESPACE to one'],
    [7, 'access-denied', 'access denied', 'Check TEMPORAL_API_KEY'],
    [16, 'access-denied', 'access denied', 'Check TEMPORAL_API_KEY'],
    [14, 'unreachable', 'no answer', 'Start the server'],
    [undefined, 'unreachable', 'no answer', 'Start the server'],
  ] as const) {
    it(`gives ${code} for gRPC status ${grpcStatus}, with what is wrong and the fix apart`, () => {
      const error = unavailable(SETTINGS, Object.assign(new Error('refused'), { code: grpcStatus }));
      assert.equal(error.code, code);
      assert.equal(error.message, `${PLACE}: ${words}`);
      assert.ok(error.remedy.startsWith(remedy), error.remedy);
      assert.equal(describeUnavailable(error), `${error.message}. ${error.remedy}`);
    });
  }
});
