import assert from 'node:assert/strict';
import type { HttpResponse } from '../../../src/net/http.js';
import { classifyLogin, classifyPull } from '../../../src/verify/registry/classify-response.js';

const PRIVATE = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';

/** A response with an error of the distribution API. */
function respond(status: number, message: string, code = 'DENIED'): HttpResponse {
  const json = { errors: [{ code, message }] };
  return { status, text: JSON.stringify(json), json, header: () => undefined };
}

/** A response of something that is not a registry. */
function respondOther(status: number): HttpResponse {
  return { status, text: 'other', json: undefined, header: () => undefined };
}

describe('classifyLogin', () => {
  const cases = [
    {
      host: PRIVATE,
      response: respond(403, 'Your Authorization Token has expired.'),
      outcome: 'rejected',
      message: /^403 DENIED: the registry reports an expired token/,
      remedy: /region and partition of the token/,
    },
    {
      host: PRIVATE,
      response: respond(403, 'The security token included in the request is invalid'),
      outcome: 'rejected',
      message: /^403 DENIED: the AWS session behind the token has ended$/,
      remedy: /^Check that the role/,
    },
    {
      host: PRIVATE,
      response: respond(400, ''),
      outcome: 'rejected',
      message: /^400 DENIED: the token is malformed or from another region$/,
      remedy: /^Fix the region/,
    },
    {
      host: PUBLIC,
      response: respondOther(400),
      outcome: 'rejected',
      message: /^400: ECR Public rejected the token/,
      remedy: /does not accept tokens of private registries/,
    },
    {
      host: PRIVATE,
      response: respond(401, '', 'UNAUTHORIZED'),
      outcome: 'rejected',
      message: /^401 UNAUTHORIZED: the registry rejected the credentials$/,
    },
    {
      host: PRIVATE,
      response: respond(403, 'no'),
      outcome: 'rejected',
      message: /^403 DENIED: the registry denied the AWS principal/,
    },
    {
      host: PRIVATE,
      response: respondOther(429),
      outcome: 'unreachable',
      message: /throttled the request \(429\)$/,
    },
    {
      host: PRIVATE,
      response: respondOther(503),
      outcome: 'unreachable',
      message: /proxy .* server error \(503\)$/,
    },
    {
      host: PRIVATE,
      response: respondOther(403),
      outcome: 'unreachable',
      message: /403 is not from the registry/,
    },
  ];
  for (const { host, response, outcome, message, remedy } of cases) {
    it(`returns ${outcome}, ${message.source} for status ${response.status} of ${host}`, () => {
      const probe = classifyLogin(host, response);
      assert.deepEqual([probe.registry, probe.outcome], [host, outcome]);
      assert.match(probe.message ?? '', message);
      // Set if the remedy of the failure type is too general.
      if (remedy) assert.match(probe.remedy ?? '', remedy);
      else assert.equal(probe.remedy, undefined);
    });
  }
});

describe('classifyPull', () => {
  it('names the action that the principal is not allowed', () => {
    const text = 'User: x is not authorized to perform: ecr:BatchGetImage on resource: y';
    assert.deepEqual(classifyPull(respond(403, text)), {
      outcome: 'denied',
      message: '403 DENIED: the principal can log in but cannot pull: missing permission ecr:BatchGetImage',
    });
  });

  it('distinguishes a missing repository from a missing image', () => {
    for (const { apiCode, what } of [
      { apiCode: 'NAME_UNKNOWN', what: 'repository' },
      { apiCode: 'MANIFEST_UNKNOWN', what: 'image' },
    ]) {
      assert.deepEqual(classifyPull(respond(404, '', apiCode)), {
        outcome: 'missing',
        message: `the registry has no such ${what}`,
      });
    }
  });
});
