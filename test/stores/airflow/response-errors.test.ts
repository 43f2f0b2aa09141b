import assert from 'node:assert/strict';
import { NetworkError } from '../../../src/net/network-error.js';
import type { NetworkFacts, NetworkReason } from '../../../src/net/network-reason.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { toRequestFailure } from '../../../src/stores/airflow/response-errors.js';

const CASES: readonly (readonly [
  NetworkReason,
  NetworkFacts,
  FailureType,
  message: RegExp,
  remedy: RegExp,
])[] = [
  ['ca-file-empty', { file: '/ca.pem' }, 'ConfigInvalid', /^caFile \/ca\.pem holds no/, /^Name a PEM file/],
  ['proxy-invalid', {}, 'ConfigInvalid', /^HTTPS_PROXY/, /^Set it to http:/],
  [
    'redirect',
    { status: 302 },
    'StoreRequestRejected',
    /a redirect \(HTTP 302\) was refused: configure/,
    /./,
  ],
  ['too-large', {}, 'StoreRequestRejected', /not Airflow's REST API/, /./],
  ['tls-self-signed', {}, 'StoreUnreachable', /TLS: self-signed certificate$/, /`caFile` of this airflow/],
  ['tls-unknown-authority', {}, 'StoreUnreachable', /of an unknown authority$/, /`caFile` of this airflow/],
  ['tls-expired', {}, 'StoreUnreachable', /TLS: the certificate has expired$/, /^(?!.*`caFile` of this)/],
  ['timed-out', { limitMs: 30_000 }, 'StoreUnreachable', /no answer within 30 s$/, /./],
];

describe('toRequestFailure', () => {
  for (const [code, facts, type, message, remedy] of CASES) {
    it(`makes ${type} of ${code}, with its remedy`, () => {
      const attempt = { airflow: 'main', action: 'GET version' };
      const failure = toRequestFailure(attempt, new NetworkError(code, facts));
      assert.equal(failure.type, type);
      assert.match(failure.message, message);
      assert.match(failure.remedy, remedy);
    });
  }
});
