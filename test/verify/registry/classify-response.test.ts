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
function respondOdd(status: number): HttpResponse {
  return { status, text: 'odd', json: undefined, header: () => undefined };
}

describe('classifyLogin', () => {
  const cases = [
    {
      host: PRIVATE,
      response: respond(403, 'Your Authorization Token has expired.'),
      outcome: 'rejected',
      message: /^403 DENIED: .* token has expired/,
      remedy: /region and partition of the token/,
    },
    {
      host: PRIVATE,
      response: respond(403, 'The security token included in the request is invalid'),
      outcome: 'rejected',
      message: /^403 DENIED: the AWS session behind the token has ended$/,
      remedy: /^Check whether the role/,
    },
    {
      host: PRIVATE,
      response: respond(400, ''),
      outcome: 'rejected',
      message: /^400 DENIED: a token of another region, or malformed$/,
      remedy: /^Fix the region/,
    },
    {
      host: PUBLIC,
      response: respondOdd(400),
      outcome: 'rejected',
      message: /^400: ECR Public does not accept the token/,
      remedy: /accepts no token of a private registry/,
    },
    {
      host: PRIVATE,
      response: respond(401, '', 'UNAUTHORIZED'),
      outcome: 'rejected',
      message: /^401 UNAUTHORIZED: the registry does not take this as a sign-in$/,
    },
    {
      host: PRIVATE,
      response: respond(403, 'no'),
      outcome: 'rejected',
      message: /^403 DENIED: the registry does not admit the principal/,
    },
    { host: PRIVATE, response: respondOdd(429), outcome: 'unreachable', message: /fewer requests \(429\)$/ },
    { host: PRIVATE, response: respondOdd(503), outcome: 'unreachable', message: /proxy .* failed \(503\)$/ },
    {
      host: PRIVATE,
      response: respondOdd(403),
      outcome: 'unreachable',
      message: /other than a registry .*403/,
    },
  ];
  for (const { host, response, outcome, message, remedy } of cases) {
    it(`gives ${outcome}, ${message.source} for ${response.status} of ${host}`, () => {
      const probe = classifyLogin(host, response);
      assert.deepEqual([probe.registry, probe.outcome], [host, outcome]);
      assert.match(probe.message ?? '', message);
      // Where that of the failure is too general.
      if (remedy) assert.match(probe.remedy ?? '', remedy);
      else assert.equal(probe.remedy, undefined);
    });
  }
});

describe('classifyPull', () => {
  it('names the action that the principal lacks', () => {
    const text = 'User: x is not authorized to perform: ecr:BatchGetImage on resource: y';
    assert.deepEqual(classifyPull(respond(403, text)), {
      outcome: 'denied',
      message: '403 DENIED: the principal signs in, and may not pull: it lacks ecr:BatchGetImage',
    });
  });

  it('tells a missing repository from a missing image', () => {
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
