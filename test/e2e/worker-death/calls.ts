// The external calls of a run with one connection, in order, and how to recognise each.
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
  matches: asks('PATCH', WRITE),
};

export const CALLS = {
  signIn: {
    name: 'the sign-in to Airflow',
    step: 'inspectConnections',
    to: 'airflow',
    matches: asks('POST', /^\/auth\/token$/),
  },
  inspect: {
    name: 'the inspection of the connection',
    step: 'inspectConnections',
    to: 'airflow',
    matches: asks('GET', CONNECTION),
  },
  ecr: { name: 'the call to ECR', step: 'extractToken', to: 'ecr', matches: asks('POST', /^\/$/) },
  sts: { name: 'the call to STS', step: 'extractToken', to: 'sts', matches: asks('POST', /^\/$/) },
  probe: {
    name: 'the showing of the token to its registry',
    step: 'extractToken',
    to: 'registry',
    matches: asks('GET', /^\/v2\/$/),
  },
  write: WRITE_CALL,
  readAgain: {
    name: 'the read by the retry of an update',
    step: 'updateConnections',
    to: 'airflow',
    matches: asks('GET', CONNECTION),
    afterLost: WRITE_CALL,
  },
  engineVersion: {
    name: 'the question for the version of the Docker Engine',
    step: 'testDocker',
    to: 'engine',
    matches: asks('GET', /\/version$/),
  },
  dockerSignIn: {
    name: 'the sign-in from the Docker Engine',
    step: 'testDocker',
    to: 'engine',
    matches: asks('POST', /\/auth$/),
  },
} as const satisfies Record<string, Call>;

function asks(method: string, path: RegExp): Call['matches'] {
  return (request) => request.method === method && path.test(request.path);
}
