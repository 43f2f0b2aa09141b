import assert from 'node:assert/strict';
import { NetworkError, type NetworkReason } from '../../../src/net/network-error.js';
import { RefreshFailure, type FailureType } from '../../../src/refresh/failures.js';
import { toRequestFailure } from '../../../src/stores/airflow/response-errors.js';

const CASES: readonly {
  code: NetworkReason;
  words?: string;
  type: FailureType;
  message: RegExp;
  remedy: RegExp;
}[] = [
  {
    code: 'redirect',
    words: 'a redirect (HTTP 302) was not followed',
    type: 'StoreUnavailable',
    message: /a redirect \(HTTP 302\) was not followed; check for a proxy in front of Airflow$/,
    remedy: /If the redirect is permanent, set `url`/,
  },
  {
    code: 'redirect-elsewhere',
    type: 'StoreUnavailable',
    message: /SSO proxy in front of Airflow$/,
    remedy: /through the proxy/,
  },
  {
    code: 'too-large',
    type: 'StoreUnavailable',
    message: /not from Airflow's REST API$/,
    remedy: /ingress, proxy/,
  },
  {
    code: 'tls-self-signed',
    type: 'StoreUnreachable',
    message: /TLS: self-signed certificate$/,
    remedy: /`caFile` of this Airflow/,
  },
  {
    code: 'tls-unknown-authority',
    type: 'StoreUnreachable',
    message: /signed by an unknown CA$/,
    remedy: /`caFile` of this Airflow/,
  },
  {
    code: 'tls-expired',
    type: 'StoreUnreachable',
    message: /TLS: the certificate has expired$/,
    remedy: /^(?!.*`caFile` of this)/,
  },
  {
    code: 'timed-out',
    words: 'timed out after 30 s',
    type: 'StoreUnreachable',
    message: /timed out after 30 s$/,
    remedy: /./,
  },
];

describe('toRequestFailure', () => {
  it('returns a ConfigInvalid failure unchanged', () => {
    const invalid = new RefreshFailure('ConfigInvalid', 'caFile /ca.pem cannot be read');
    assert.equal(toRequestFailure({ airflow: 'main', action: 'GET x' }, invalid), invalid);
  });

  for (const [permission, type] of [
    ['read connections', 'StoreResponseTooLarge'],
    ['edit connections', 'StoreResponseTooLarge'],
    ['read variables', 'StoreUnavailable'],
  ] as const) {
    it(`reports ${type} for a response to "${permission}" that is too large`, () => {
      const context = { airflow: 'main', action: 'GET x', permission };
      assert.equal(toRequestFailure(context, new NetworkError('too-large')).type, type);
    });
  }

  for (const { code, words, type, message, remedy } of CASES) {
    it(`converts ${code} to ${type}, with its remedy`, () => {
      const attempt = { airflow: 'main', action: 'GET version' };
      const failure = toRequestFailure(attempt, new NetworkError(code, words));
      assert.equal(failure.type, type);
      assert.match(failure.message, message);
      assert.match(failure.remedy, remedy);
    });
  }
});
