// Every request to Airflow, answered by something in front of it: an ingress without API servers, the login page of an
// SSO gateway, a firewall. All are usually over soon, so they are retried within the run, and blame neither the
// password nor the configuration.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { Secret } from '../../../src/log/secret.js';
import { failureEntry } from '../../../src/refresh/failures.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  expectFailure,
  startServer,
  type Answer,
  type RecordedRequest,
} from '../../support/local-server.js';
import { connect, createdWith, NEW, PASSWORD } from './connect.js';

const TOKEN = 'ecr-token-that-must-not-show';

function html(status: number): Answer {
  return (_request, response) => answerHtml(response, status);
}

function json(status: number, body: unknown): Answer {
  return (_request, response) => answerJson(response, status, body);
}

function text(status: number, body: string): Answer {
  return (_request, response) => response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
}

function redirect(status: number, locate: (request: RecordedRequest) => string): Answer {
  return (request, response) => response.writeHead(status, { location: locate(request) }).end();
}

const RESPONSES: Readonly<Record<string, Answer>> = {
  'a login page with 200': html(200),
  'foreign JSON with 200': json(200, { status: 'maintenance' }),
  'no content': (_request, response) => response.writeHead(204).end(),
  'HTML with 400': html(400),
  'HTML with 401': html(401),
  'foreign JSON with 401': json(401, { message: 'Unauthorized' }),
  'HTML with 403': html(403),
  'foreign JSON with 403': json(403, { error: 'blocked by policy' }),
  'a 404 of Traefik': text(404, '404 page not found'),
  'a 404 of an ingress': text(404, 'default backend - 404'),
  'HTML with 404': html(404),
  'HTML with 405': html(405),
  'HTML with 407': html(407),
  'text with 409': text(409, 'conflict'),
  'text with 421': text(421, 'misdirected'),
  'text with 422': text(422, 'unprocessable'),
  'HTML with 451': html(451),
  'HTML with 500': html(500),
  'HTML with 502': html(502),
  'HTML with 503': html(503),
  'HTML with 520': html(520),
  'a redirect to another host': redirect(302, () => 'https://login.example.com/?next=1'),
  'a redirect to a login page': redirect(303, () => '/oauth2/sign_in'),
  'a redirect to a slash': redirect(308, ({ path }) => `${path}/`),
  'a redirect to https': redirect(301, ({ path, headers }) => `https://${headers.host}${path}`),
  'a redirect without target': (_request, response) => response.writeHead(302).end(),
};

const CONNECTION = createdWith('***');
const BULK = { update: { success: ['a', 'b'], errors: [] } };

interface Place {
  /** The request that gets the foreign response; the others get Airflow's. */
  readonly request: RegExp;
  readonly call: (store: AirflowStore) => Promise<unknown>;
  /** Only of the major version 2. */
  readonly isAirflow2?: true;
}

const read = (store: AirflowStore): Promise<unknown> => store.read('new', anySignal());
const write = (store: AirflowStore, ...ids: readonly string[]): Promise<unknown> =>
  store.write(
    ids.map((id) => dockerConnection({ id })),
    new Secret(TOKEN),
    anySignal(),
  );

const PLACES: Readonly<Record<string, Place>> = {
  'the detection of the version': { request: /^GET .*\/version$/, call: read },
  'the login': { request: /^POST \/auth\/token$/, call: read },
  'reading a connection': { request: /^GET \/api\/v2\/connections\/new$/, call: read },
  'listing connections': {
    request: /^GET \/api\/v2\/connections\?/,
    call: (store) => store.readPage({ pattern: '*', offset: 0, limit: 100 }, anySignal()),
  },
  'writing a connection': {
    request: /^PATCH \/api\/v2\/connections\/new\?/,
    call: (store) => write(store, 'new'),
  },
  'writing several connections': {
    request: /^PATCH \/api\/v2\/connections$/,
    call: (store) => write(store, 'a', 'b'),
  },
  'creating a connection': {
    request: /^POST \/api\/v2\/connections$/,
    call: (store) => store.create(NEW, new Secret(TOKEN), anySignal()),
  },
  'reading a Variable': {
    request: /^GET \/api\/v2\/variables\/key$/,
    call: (store) => store.readVariable('key', anySignal()),
  },
  'reading a connection of Airflow 2': {
    request: /^GET \/api\/v1\/connections\/new$/,
    call: read,
    isAirflow2: true,
  },
};

/** Airflow's own responses. */
function respond(
  { method, path: url }: RecordedRequest,
  response: ServerResponse,
  isAirflow2: boolean,
): void {
  const version = isAirflow2 ? '2.10.5' : '3.3.2';
  if (url.endsWith('/version') && url.includes('/v2/') === isAirflow2) answerHtml(response, 404);
  else if (url.endsWith('/version')) answerJson(response, 200, { version });
  else if (url === '/auth/token') answerJson(response, 201, { access_token: 'jwt' });
  else if (url.includes('/variables/')) answerJson(response, 200, { value: 'v' });
  else if (url.includes('/connections/')) answerJson(response, 200, CONNECTION);
  else if (method === 'PATCH') answerJson(response, 200, BULK);
  else if (method === 'POST') answerJson(response, 201, CONNECTION);
  else answerJson(response, 200, { connections: [CONNECTION], total_entries: 1 });
}

describe('a response from something in front of Airflow', () => {
  for (const [where, { request: pattern, call, isAirflow2 = false }] of Object.entries(PLACES)) {
    for (const [what, respondForeign] of Object.entries(RESPONSES)) {
      it(`is retried: ${what}, instead of ${where}`, async () => {
        let isForeign = true;
        const server = await startServer((request, response) => {
          const isHere = pattern.test(`${request.method} ${request.path}`);
          if (isForeign && isHere) respondForeign(request, response);
          else respond(request, response, isAirflow2);
        });
        try {
          const store = connect(server.url);
          const { type, message, remedy } = await expectFailure(call(store), 'StoreUnavailable', [
            TOKEN,
            PASSWORD,
          ]);
          const { retryable, retryAfterMinutes } = failureEntry(type);
          assert.deepEqual([retryable, retryAfterMinutes], [true, undefined]);
          assert.match(message, /^Airflow main: /);
          assert.match(
            message,
            /not from Airflow|in front of it|in front of Airflow|Airflow 3\.3\.2 responds, but|neither/,
          );
          assert.doesNotMatch(`${message} ${remedy}`, /user name or password|auth\.password/);
          // As soon as Airflow responds again, the next attempt succeeds: nothing was remembered.
          isForeign = false;
          await call(store);
        } finally {
          await server.close();
        }
      });
    }
  }
});
