// The external calls of a run with one connection, in order, and how to recognize each.
import type { PassingRequest } from '../../support/pausing-proxy.js';
import type { Fleet } from './fleet.js';

/** An external call of a run. */
export interface Call {
  readonly name: string;
  /** The step that makes it. */
  readonly step: string;
  readonly to: keyof Fleet['proxies'];
  readonly matches: (request: PassingRequest) => boolean;
  /** A call of the step's first attempt that gets no response, so that this one belongs to a retry. */
  readonly afterLost?: Call;
}

const CONNECTION = /^\/api\/v2\/connections\/[\w-]+$/;
const WRITE = /^\/api\/v2\/connections\/[\w-]+\?update_mask=password$/;

const WRITE_CALL: Call = {
  name: 'the write of the password',
  step: 'updateConnections',
  to: 'airflow',
  matches: matchRequest('PATCH', WRITE),
};

export const CALLS = {
  login: {
    name: 'the login to Airflow',
    step: 'inspectConnections',
    to: 'airflow',
    matches: matchRequest('POST', /^\/auth\/token$/),
  },
  inspect: {
    name: 'the inspection of the connection',
    step: 'inspectConnections',
    to: 'airflow',
    matches: matchRequest('GET', CONNECTION),
  },
  ecr: { name: 'the call to ECR', step: 'extractToken', to: 'ecr', matches: matchRequest('POST', /^\/$/) },
  sts: { name: 'the call to STS', step: 'extractToken', to: 'sts', matches: matchRequest('POST', /^\/$/) },
  probe: {
    name: 'the verification of the token with its registry',
    step: 'extractToken',
    to: 'registry',
    matches: matchRequest('GET', /^\/v2\/$/),
  },
  write: WRITE_CALL,
  retryRead: {
    name: 'the read in the retry of an update',
    step: 'updateConnections',
    to: 'airflow',
    matches: matchRequest('GET', CONNECTION),
    afterLost: WRITE_CALL,
  },
  engineVersion: {
    name: 'the version request to the Docker Engine',
    step: 'testDocker',
    to: 'engine',
    matches: matchRequest('GET', /\/version$/),
  },
  dockerLogin: {
    name: 'the login from the Docker Engine',
    step: 'testDocker',
    to: 'engine',
    matches: matchRequest('POST', /\/auth$/),
  },
} as const satisfies Record<string, Call>;

function matchRequest(method: string, path: RegExp): Call['matches'] {
  return (request) => request.method === method && path.test(request.path);
}
