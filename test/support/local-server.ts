// HTTP servers on loopback and checks that the tests of several adapters share.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface LocalServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly requests: RecordedRequest[];
  readonly server: http.Server;
  close(): Promise<void>;
}

export type Answer = (request: RecordedRequest, response: http.ServerResponse) => void;

/** Starts a server; `where` is a port (0 for any) or the path of a unix socket. */
export async function startServer(answer: Answer, where: number | string = 0): Promise<LocalServer> {
  const requests: RecordedRequest[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const recorded = { method, path, headers, body: Buffer.concat(chunks).toString() };
      requests.push(recorded);
      answer(recorded, response);
    });
  });
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'string' ? 0 : (address as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    requests,
    server,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function answerJson(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function answerHtml(response: http.ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<html><body>A proxy</body></html>');
}

/** Responds as a Docker Engine whose registries accept every login except the negative login check. */
export function answerAsEngine({ path, body }: RecordedRequest, response: http.ServerResponse): void {
  if (path.endsWith('/version')) answerJson(response, 200, { Version: '28.0.0' });
  else if (body.includes(WRONG_PASSWORD)) answerJson(response, 401, { message: 'unauthorized' });
  else answerJson(response, 200, { Status: 'Login Succeeded', IdentityToken: '' });
}

/** A signal that never fires. */
export function anySignal(): AbortSignal {
  return new AbortController().signal;
}

/** Waits until a promise rejects, and checks the type of the failure and that no part of it contains a secret. */
export async function expectFailure(
  promise: Promise<unknown>,
  type: FailureType,
  secrets: readonly string[],
): Promise<RefreshFailure> {
  const error: unknown = await promise.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assertHides(error, secrets);
  assert.ok(error instanceof RefreshFailure, `not a RefreshFailure: ${String(error)}`);
  assert.equal(error.cause, undefined);
  assert.equal(error.type, type, error.message);
  return error;
}

/** Also checks hidden and nested properties, which a logger or Temporal's converter may read. */
export function assertHides(value: unknown, secrets: readonly string[]): void {
  const shown = [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value), String(value)].join(
    '\n',
  );
  for (const secret of secrets) {
    for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
      assert.ok(!shown.includes(form), `${inspect(value)} shows a secret`);
    }
  }
}

/** Sets environment variables for a test, and returns a function that restores them. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(values)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}

/** Unsets all proxy variables, so that tests do not use the developer's proxy. */
export const NO_PROXY_VARIABLES = {
  HTTPS_PROXY: undefined,
  https_proxy: undefined,
  HTTP_PROXY: undefined,
  http_proxy: undefined,
  ALL_PROXY: undefined,
  all_proxy: undefined,
  NO_PROXY: undefined,
  no_proxy: undefined,
} as const;
