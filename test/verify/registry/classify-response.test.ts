import assert from 'node:assert/strict';
import type { HttpResponse } from '../../../src/net/http.js';
import { classifyLogin } from '../../../src/verify/registry/classify-response.js';
import { classifyPull } from '../../../src/verify/registry/pull-check.js';
import { describeRegistryReason, findRegistryRemedy } from '../../../src/verify/registry/registry-reason.js';

const PRIVATE = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';

/** A response with an error of the distribution API. */
function respond(status: number, message: string, code = 'DENIED'): HttpResponse {
  const json = { errors: [{ code, message }] };
  return { status, text: JSON.stringify(json), json, header: () => undefined };
}

/** A response of something that is not a registry. */
function respondOdd(status: number): HttpResponse {
  return { status, text: 'odd', json: undefined, header: () => undefined };
}

describe('classifyLogin', () => {
  const cases = [
    {
      code: 'token-expired',
      host: PRIVATE,
      response: respond(403, 'Your Authorization Token has expired.'),
      outcome: 'rejected',
    },
    {
      code: 'session-ended',
      host: PRIVATE,
      response: respond(403, 'The security token included in the request is invalid'),
      outcome: 'rejected',
    },
    { code: 'wrong-region', host: PRIVATE, response: respond(400, ''), outcome: 'rejected' },
    { code: 'public-token-rejected', host: PUBLIC, response: respondOdd(400), outcome: 'rejected' },
    {
      code: 'not-authenticated',
      host: PRIVATE,
      response: respond(401, '', 'UNAUTHORIZED'),
      outcome: 'rejected',
    },
    { code: 'principal-denied', host: PRIVATE, response: respond(403, 'no'), outcome: 'rejected' },
    { code: 'throttled', host: PRIVATE, response: respondOdd(429), outcome: 'unreachable' },
    { code: 'server-error', host: PRIVATE, response: respondOdd(503), outcome: 'unreachable' },
    { code: 'not-a-registry', host: PRIVATE, response: respondOdd(403), outcome: 'unreachable' },
  ] as const;
  for (const { code, host, response, outcome } of cases) {
    it(`gives ${code} for ${response.status} of ${host}`, () => {
      const result = classifyLogin(host, response);
      assert.ok(result.outcome !== 'accepted');
      assert.deepEqual([result.outcome, result.reason.code], [outcome, code]);
      assert.match(describeRegistryReason(result.reason), new RegExp(`\\b${response.status}\\b`));
    });
  }

  it('has a remedy of its own where that of the failure is too general', () => {
    assert.match(findRegistryRemedy({ code: 'session-ended' }) ?? '', /^Look whether the role/);
    assert.equal(findRegistryRemedy({ code: 'principal-denied' }), undefined);
  });
});

describe('classifyPull', () => {
  it('gives pull-denied with the action that the text names', () => {
    const text = 'User: x is not authorized to perform: ecr:BatchGetImage on resource: y';
    const result = classifyPull(respond(403, text));
    assert.deepEqual(result, {
      outcome: 'denied',
      reason: { code: 'pull-denied', status: 403, apiCode: 'DENIED', action: 'ecr:BatchGetImage' },
    });
  });

  it('tells a missing repository from a missing image', () => {
    for (const { apiCode, code } of [
      { apiCode: 'NAME_UNKNOWN', code: 'repository-missing' },
      { apiCode: 'MANIFEST_UNKNOWN', code: 'image-missing' },
    ] as const) {
      assert.deepEqual(classifyPull(respond(404, '', apiCode)), {
        outcome: 'missing',
        reason: { code, status: 404 },
      });
    }
  });
});
