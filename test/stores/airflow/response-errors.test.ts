import assert from 'node:assert/strict';
import { NetworkError } from '../../../src/net/network-error.js';
import type { NetworkFacts, NetworkReason } from '../../../src/net/network-reason.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { toRequestFailure } from '../../../src/stores/airflow/response-errors.js';

const CASES: readonly {
  code: NetworkReason;
  facts: NetworkFacts;
  type: FailureType;
  message: RegExp;
  remedy: RegExp;
}[] = [
  {
    code: 'ca-file-empty',
    facts: { file: '/ca.pem' },
    type: 'ConfigInvalid',
    message: /^caFile \/ca\.pem holds no/,
    remedy: /^Name a PEM file/,
  },
  {
    code: 'proxy-invalid',
    facts: {},
    type: 'ConfigInvalid',
    message: /^HTTPS_PROXY/,
    remedy: /^Set it to http:/,
  },
  {
    code: 'redirect',
    facts: { status: 302 },
    type: 'StoreUnavailable',
    message: /a redirect \(HTTP 302\) was refused; configure/,
    remedy: /./,
  },
  {
    code: 'redirect-to-other-host',
    facts: { status: 302 },
    type: 'StoreUnavailable',
    message: /SSO proxy in front of Airflow$/,
    remedy: /through the proxy/,
  },
  {
    code: 'too-large',
    facts: {},
    type: 'StoreUnavailable',
    message: /not from Airflow's REST API$/,
    remedy: /ingress, proxy/,
  },
  {
    code: 'tls-self-signed',
    facts: {},
    type: 'StoreUnreachable',
    message: /TLS: self-signed certificate$/,
    remedy: /`caFile` of this Airflow/,
  },
  {
    code: 'tls-unknown-authority',
    facts: {},
    type: 'StoreUnreachable',
    message: /of an unknown authority$/,
    remedy: /`caFile` of this Airflow/,
  },
  {
    code: 'tls-expired',
    facts: {},
    type: 'StoreUnreachable',
    message: /TLS: the certificate has expired$/,
    remedy: /^(?!.*`caFile` of this)/,
  },
  {
    code: 'timed-out',
    facts: { limitMs: 30_000 },
    type: 'StoreUnreachable',
    message: /no answer within 30 s$/,
    remedy: /./,
  },
];

describe('toRequestFailure', () => {
  for (const [permission, type] of [
    ['read connections', 'StoreResponseTooLarge'],
    ['edit connections', 'StoreResponseTooLarge'],
    ['read variables', 'StoreUnavailable'],
  ] as const) {
    it(`makes ${type} of a response that is too large for "${permission}"`, () => {
      const context = { airflow: 'main', action: 'GET x', permission };
      assert.equal(toRequestFailure(context, new NetworkError('too-large')).type, type);
    });
  }

  for (const { code, facts, type, message, remedy } of CASES) {
    it(`makes ${type} of ${code}, with its remedy`, () => {
      const attempt = { airflow: 'main', action: 'GET version' };
      const failure = toRequestFailure(attempt, new NetworkError(code, facts));
      assert.equal(failure.type, type);
      assert.match(failure.message, message);
      assert.match(failure.remedy, remedy);
    });
  }
});
