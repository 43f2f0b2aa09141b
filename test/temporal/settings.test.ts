import assert from 'node:assert/strict';
import { unavailable } from '../../src/temporal/settings.js';
import { describeUnavailable } from '../../src/temporal/unavailable.js';

const SETTINGS = { connectionOptions: {}, address: 'temporal:7233', namespace: 'default' };
const PLACE = 'Temporal at temporal:7233, namespace default';

describe('unavailable', () => {
  for (const { grpcStatus, code, words, remedy } of [
    {
      grpcStatus: 5,
      code: 'namespace-not-found',
      words: 'namespace not found',
      remedy: 'Create the namespace, or set TEMPORAL_NAMESPACE',
    },
    { grpcStatus: 7, code: 'access-denied', words: 'access denied', remedy: 'Check TEMPORAL_API_KEY' },
    { grpcStatus: 16, code: 'access-denied', words: 'access denied', remedy: 'Check TEMPORAL_API_KEY' },
    { grpcStatus: 14, code: 'unreachable', words: 'could not be reached', remedy: 'Start the Temporal' },
    {
      grpcStatus: undefined,
      code: 'unreachable',
      words: 'could not be reached',
      remedy: 'Start the Temporal',
    },
  ] as const) {
    it(`returns ${code} for gRPC status ${grpcStatus}, with separate message and fix`, () => {
      const error = unavailable(SETTINGS, Object.assign(new Error('refused'), { code: grpcStatus }));
      assert.equal(error.code, code);
      assert.equal(error.message, `${PLACE}: ${words}`);
      assert.ok(error.remedy.startsWith(remedy), error.remedy);
      assert.equal(describeUnavailable(error), `${error.message}. ${error.remedy}`);
    });
  }
});
