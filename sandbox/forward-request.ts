// Forwards one request to a server on 127.0.0.1 and its response back, both as streams and with the Host header unchanged.
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { sendJson } from './local-server.js';

/** Passes the request on; without an answer from there, the client gets a 502, or is cut off within its answer. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  headers = request.headers,
): void {
  const onward = httpRequest(
    { host: '127.0.0.1', port, method: request.method, path: request.url, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    },
  );
  onward.once('error', (error) => {
    if (response.headersSent) response.destroy();
    else sendJson(response, 502, { errors: [{ code: 'UNAVAILABLE', message: error.message }] });
  });
  response.once('close', () => onward.destroy());
  request.pipe(onward);
}
