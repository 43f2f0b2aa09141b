// Forwards a request to a server on 127.0.0.1 and returns its response, both as streams and with the Host header
// unchanged.
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { sendJson } from './local-server.js';

/**
 * Forwards the request. If the server fails, the client gets a 502, or its connection is closed if the response has
 * begun.
 */
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
