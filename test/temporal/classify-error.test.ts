import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import { NamespaceNotFoundError } from '@temporalio/common';
import { ServiceError } from '@temporalio/client';
import { classifyError, isConnectionError } from '../../src/temporal/classify-error.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
import { TEMPORAL_REASONS, TemporalUnavailable } from '../../src/temporal/unavailable.js';

const SETTINGS = plainSettings('temporal:7233', 'default');
const PLACE = 'Temporal at temporal:7233, namespace default';

function grpcError(code: status, details = ''): Error {
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata: new Metadata() });
}

describe('classifyError', () => {
  const cases: readonly (readonly [status, string, string])[] = [
    [status.PERMISSION_DENIED, 'permission-denied', 'permission denied (gRPC status 7 PERMISSION_DENIED)'],
    [status.UNAUTHENTICATED, 'unauthenticated', 'not authenticated (gRPC status 16 UNAUTHENTICATED)'],
    [
      status.UNIMPLEMENTED,
      'unimplemented',
      'the server does not support the call (gRPC status 12 UNIMPLEMENTED)',
    ],
    [
      status.RESOURCE_EXHAUSTED,
      'throttled',
      'the server throttled the call (gRPC status 8 RESOURCE_EXHAUSTED)',
    ],
    [status.DEADLINE_EXCEEDED, 'call-timed-out', 'the call timed out (gRPC status 4 DEADLINE_EXCEEDED)'],
    [status.CANCELLED, 'call-timed-out', 'the call timed out or was canceled (gRPC status 1 CANCELLED)'],
    [status.UNAVAILABLE, 'unavailable', 'the server is unavailable (gRPC status 14 UNAVAILABLE)'],
    [
      status.INVALID_ARGUMENT,
      'call-rejected',
      'the server rejected the call (gRPC status 3 INVALID_ARGUMENT)',
    ],
    [
      status.NOT_FOUND,
      'call-rejected',
      'the server did not find the requested object (gRPC status 5 NOT_FOUND)',
    ],
    [status.INTERNAL, 'server-error', 'the server returned an error (gRPC status 13 INTERNAL)'],
    [status.UNKNOWN, 'server-error', 'the server returned an error (gRPC status 2 UNKNOWN)'],
  ];
  for (const [code, reason, text] of cases) {
    it(`reports ${status[code]} as ${reason}, also inside an error of the client`, () => {
      for (const error of [grpcError(code), new ServiceError('wrapped', { cause: grpcError(code) })]) {
        const problem = classifyError(SETTINGS, error);
        assert.deepEqual([problem?.code, problem?.message], [reason, `${PLACE}: ${text}`]);
      }
    });
  }

  it('reports a missing namespace by its type, not as something else that is missing', () => {
    const problem = classifyError(SETTINGS, new NamespaceNotFoundError('default'));
    assert.deepEqual(
      [problem?.code, problem?.message],
      ['namespace-not-found', `${PLACE}: namespace not found`],
    );
  });

  it('adds what the server says, in one line of limited length', () => {
    const message = (details: string): string | undefined =>
      classifyError(SETTINGS, grpcError(status.PERMISSION_DENIED, details))?.message;
    assert.match(
      message('Request\n\u001B[31munauthorized.') ?? '',
      /PERMISSION_DENIED: Request\\n\\u001b\[31munauthorized\.\)$/,
    );
    assert.ok((message('x'.repeat(10_000)) ?? '').length < 400);
  });

  it('shows no API key that a server sends back', () => {
    const settings = { ...SETTINGS, apiKey: 'canary-key', metadata: { 'x-team-key': 'canary-meta' } };
    const error = grpcError(status.UNAUTHENTICATED, 'no access with Bearer canary-key and canary-meta');
    assert.doesNotMatch(classifyError(settings, error)?.message ?? '', /canary/);
  });

  it('names the proxy in use, without its password', () => {
    const credentials = { username: 'user', password: 'canary' };
    const proxy = {
      scheme: 'http',
      host: 'proxy',
      port: 3128,
      credentials,
      variable: 'HTTPS_PROXY',
    } as const;
    const problem = classifyError({ ...SETTINGS, proxy }, grpcError(status.UNAVAILABLE));
    assert.match(problem?.message ?? '', /namespace default, through the proxy http:\/\/proxy:3128: /);
  });

  it('returns undefined for an error that does not come from a call', () => {
    assert.equal(classifyError(SETTINGS, new TypeError('x')), undefined);
    assert.equal(classifyError(SETTINGS, Object.assign(new Error('x'), { code: 'ENOENT' })), undefined);
  });
});

describe('isConnectionError', () => {
  it('is true for a call without a response', () => {
    const codes = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.PERMISSION_DENIED, status.INTERNAL];
    assert.deepEqual(
      codes.map((code) => isConnectionError(grpcError(code))),
      [true, true, false, false],
    );
    assert.equal(isConnectionError(new Error('x')), false);
  });
});

describe('TemporalUnavailable', () => {
  it('has a fix for each reason, as a sentence', () => {
    for (const reason of TEMPORAL_REASONS) {
      assert.match(new TemporalUnavailable(reason, 'x').remedy, /^[A-Z].*\.$/);
    }
  });

  it('tells a refusal from an outage', () => {
    const refusals = TEMPORAL_REASONS.filter((reason) => new TemporalUnavailable(reason, 'x').isRefusal);
    assert.deepEqual(refusals.toSorted(), [
      'client-certificate-rejected',
      'client-certificate-required',
      'permission-denied',
      'unauthenticated',
    ]);
  });
});
