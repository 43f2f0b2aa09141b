// Faults of a whole Airflow instance, and of one of its connections.
import type { AirflowRequest } from '../../support/airflow-stand-in.js';
import type { Fault } from '../../support/fault.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { CONNECTION, type Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const PATH = `/api/v2/connections/${CONNECTION}`;
const isOfApi = ({ path }: AirflowRequest): boolean => path.startsWith('/api/');
const isRead = ({ method, path }: AirflowRequest): boolean =>
  method === 'GET' && path.startsWith('/api/v2/connections');
const isWrite = ({ method }: AirflowRequest): boolean => method === 'PATCH';
const isReadOfOne = ({ method, path }: AirflowRequest): boolean => method === 'GET' && path === PATH;
const isWriteOfOne = ({ method, path }: AirflowRequest): boolean => method === 'PATCH' && path === PATH;

export const AIRFLOW_FAULTS: readonly WireFault[] = [
  {
    type: 'StoreUnreachable',
    when: 'Airflow closes the connection',
    stage: 'inspect',
    message: /Airflow main/,
    refreshed: 0,
    arrange: (fixture) => fixture.airflow.setFault(() => ({ drop: true })),
  },
  {
    type: 'StoreUnavailable',
    when: 'Airflow returns 503',
    stage: 'inspect',
    message: /Airflow main: 503/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isOfApi, () => ({ status: 503, body: fixture.secrets.quote() })),
  },
  {
    type: 'StoreUnavailable',
    when: 'a page that is not from Airflow is returned with 200',
    stage: 'inspect',
    message: /Airflow main: .*the response is not from Airflow's REST API/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isOfApi, () => ({ status: 200, body: fixture.secrets.quote() })),
  },
  {
    type: 'StoreThrottled',
    when: 'Airflow limits the rate of requests throughout the attempt',
    stage: 'inspect',
    message: /Airflow main: GET connection docker_\w+: requests are rate-limited/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isRead, () => ({ status: 429, body: fixture.secrets.quote() })),
  },
  {
    type: 'StoreUnauthorized',
    when: 'the password is wrong',
    stage: 'inspect',
    message: /Airflow main: 401 on login/,
    refreshed: 0,
    arrange: (fixture) => {
      // An edited password: a worker does not resend one that Airflow rejected in an earlier run.
      fixture.writeConfig({ line: 'auth: {username: ecr-refresh, password: {env: AWS_SECRET_ACCESS_KEY}}' });
    },
  },
  {
    type: 'StoreForbidden',
    when: 'the role may not read connections',
    stage: 'inspect',
    message: /not allowed to read connections/,
    refreshed: 0,
    arrange: (fixture) => void (fixture.user.role = 'viewer'),
  },
  {
    type: 'StoreForbidden',
    when: 'the role may read connections but not edit them',
    stage: 'update',
    message: /PATCH connection docker_default: the user is not allowed to edit connections/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isWrite, () => ({ status: 403, body: { detail: 'Forbidden' } })),
  },
  {
    type: 'StoreRequestRejected',
    when: 'Airflow returns 422 and echoes the password',
    stage: 'update',
    message: /Airflow main: 422 on PATCH connection/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isWrite, () => ({
        status: 422,
        body: {
          detail: [
            { type: 'missing', loc: ['body'], msg: 'x', input: { password: fixture.secrets.quote() } },
          ],
        },
      })),
  },
  {
    type: 'StoreRequestRejected',
    when: 'Airflow does not have the path of the API',
    stage: 'inspect',
    message: /Airflow main: 404 on GET connection docker_\w+: .*check the URL/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isRead, () => ({ status: 404, body: { error: 'API route not found' } })),
  },
  {
    type: 'StoreUnavailable',
    when: 'the URL does not belong to Airflow',
    stage: 'inspect',
    message: /Airflow main: 404 on GET .*check/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isOfApi, () => ({ status: 404, body: '<html>Not found</html>' })),
  },
  {
    type: 'WriteUnconfirmed',
    when: 'Airflow returns another connection than the one written',
    stage: 'update',
    message: /Airflow main returned connection another instead of docker_default when it was written/,
    refreshed: 0,
    arrange: (fixture) =>
      airflowReturns(fixture, isWrite, () => ({
        status: 200,
        body: { connection_id: 'another', conn_type: 'docker', host: fixture.registry.host, login: 'AWS' },
      })),
  },
];

export const CONNECTION_FAULTS: readonly WireFault[] = [
  failsAlone(
    'ConnectionMissing',
    'the connection is missing',
    /no connection docker_default/,
    (fixture) => void fixture.airflow.connections.delete(CONNECTION),
  ),
  failsAlone('ConnectionTypeMismatch', 'the connection has another type', /type is "http"/, (fixture) =>
    editConnection(fixture, { conn_type: 'http' }),
  ),
  failsAlone(
    'ConnectionRegistryUnknown',
    'the host of the connection is another registry',
    /host "ghcr\.io"/,
    (fixture) => editConnection(fixture, { host: 'ghcr.io' }),
  ),
  failsAlone('ConnectionPortSet', 'the connection has a port', /port is 443/, (fixture) =>
    editConnection(fixture, { port: 443 }),
  ),
  failsAlone('ConnectionLoginMismatch', 'the connection has another login', /login is "ops"/, (fixture) =>
    editConnection(fixture, { login: 'ops' }),
  ),
  failsAlone('ConnectionReauthDisabled', 'the connection disables reauth', /"reauth"/, (fixture) =>
    editConnection(fixture, { extra: '{"reauth": false}' }),
  ),
  failsAlone('ConnectionExtraInvalid', 'DockerHook cannot read reauth', /"reauth" in its extra/, (fixture) =>
    editConnection(fixture, { extra: '{"reauth": "maybe"}' }),
  ),
  {
    ...failsAlone(
      'ConnectionRegistryChanged',
      'the host of the connection changes before the write is retried',
      /its registry is now 210987654321\.dkr\.ecr\.eu-west-1\.amazonaws\.com/,
      (fixture) =>
        airflowReturns(fixture, isWriteOfOne, () => {
          editConnection(fixture, { host: '210987654321.dkr.ecr.eu-west-1.amazonaws.com' });
          return { status: 503, body: fixture.secrets.quote() };
        }),
    ),
    stage: 'update',
    run: { retryForMs: 20_000 },
  },
  failsAlone(
    'StoreResponseTooLarge',
    'Airflow returns 7 MB for the connection',
    /GET connection docker_default: the response is larger than 6 MB/,
    (fixture) =>
      airflowReturns(fixture, isReadOfOne, () => ({
        status: 200,
        body: { description: fixture.secrets.quote().padEnd(7 * 1024 * 1024) },
      })),
  ),
  {
    ...failsAlone(
      'ConnectionUnavailable',
      'Airflow fails for the connection in four attempts',
      /Airflow main: 500 on GET connection docker_default: server error/,
      (fixture) =>
        airflowReturns(fixture, isReadOfOne, () => ({ status: 500, body: fixture.secrets.quote() })),
    ),
    // Below 100 s a workflow does not retry that often; the retries of refresh-once wait 35 s.
    run: { retryForMs: 150_000 },
  },
];

/** A fault of one connection; its neighbor is refreshed. */
function failsAlone(
  type: FailureType,
  when: string,
  message: RegExp,
  arrange: (fixture: Fixture) => void,
): WireFault {
  return { type, when, stage: 'inspect', message, refreshed: 1, arrange };
}

export function airflowReturns(
  fixture: Fixture,
  is: (request: AirflowRequest) => boolean,
  fault: () => Fault,
): void {
  fixture.airflow.setFault((request) => (is(request) ? fault() : undefined));
}

function editConnection(fixture: Fixture, changes: object): void {
  Object.assign(fixture.airflow.connections.get(CONNECTION) ?? {}, changes);
}
