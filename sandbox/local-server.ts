// Owns the HTTP servers of the stand-ins: listening on 127.0.0.1, reading bodies, misbehaving on demand, and
// stopping although clients keep connections open. Refuses to know any of the protocols.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running server. */
export interface LocalServer {
  /** Without trailing slash. */
  url: string;
  port: number;
  stop: () => Promise<void>;
}

/** How one request shall go wrong. With `delayMs` or `until` alone it is answered normally, but late. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as it is when a string, else as JSON. */
  body?: unknown;
  delayMs?: number;
  /** Answer when this is settled. */
  until?: Promise<unknown>;
  /** Close the connection without an answer. */
  drop?: true;
  /** Never answer. */
  hang?: true;
}

/** Serves on 127.0.0.1 until stopped. A handler that throws gives a 500 with its message. */
export async function startLocalServer(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port = 0,
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendText(response, 500, `stand-in: ${error instanceof Error ? error.message : String(error)}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  let stopping: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    stop: () => (stopping ??= closeServer(server)),
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections(); // hung requests and idle keep-alive connections would hold it open
  });
}

/** The whole body of a request as text. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers with text. */
export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  response.end(body);
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Plays a fault. True when the request is dealt with; false when it is to be answered normally now. */
export async function playFault(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined) return false;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
  await fault.until;
  if (fault.hang === true) return true;
  if (fault.drop === true) {
    response.socket?.destroy();
    return true;
  }
  if (fault.status === undefined && fault.body === undefined) return false;
  const status = fault.status ?? 200;
  if (typeof fault.body === 'string') sendText(response, status, fault.body, fault.headers);
  else if (fault.body === undefined) sendText(response, status, '', fault.headers);
  else sendJson(response, status, fault.body, fault.headers);
  return true;
}
