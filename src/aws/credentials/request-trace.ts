// Limits the HTTP requests of a load of credentials, and records the last one: the providers of the AWS SDK put its error
// or its status only into the text of their own errors.
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { DeadlineExceeded } from '../../net/deadline.js';
import { NetworkError } from '../../net/network-error.js';
import { hasAwsMark } from '../aws-error.js';
import { boundRequest, isCutOff } from './bound-request.js';

export interface TracedRequest {
  /** With the port, if it is not the default one. */
  readonly host: string;
  status?: number;
  /** The response has a mark that only AWS sets. */
  isFromAws?: boolean;
  /** With a status: the body did not arrive. */
  error?: unknown;
}

const currentTrace = new AsyncLocalStorage<RequestTrace>();

// Node publishes every request on this channel when it is sent, in the async context of the caller.
subscribe('http.client.request.start', (message) =>
  currentTrace.getStore()?.add((message as { readonly request: ClientRequest }).request),
);

/** Records why the request handler ended a request: the request itself is only aborted. */
export function traceLimit(error: unknown): void {
  const traced = currentTrace.getStore()?.last;
  const isLimit = error instanceof DeadlineExceeded || error instanceof NetworkError;
  if (traced && isLimit) traced.error ??= error;
}

/** The requests that are sent while `run` runs. */
export class RequestTrace {
  last: TracedRequest | undefined;

  run<T>(load: () => Promise<T>): Promise<T> {
    return currentTrace.run(this, load);
  }

  add(request: ClientRequest): void {
    // The request to a proxy, for a connection: a refusal is an error of the request itself.
    if (request.method === 'CONNECT') return;
    boundRequest(request);
    const traced: TracedRequest = { host: String(request.getHeader('host') ?? request.host) };
    this.last = traced;
    let isConnected = false;
    const onSocket = (socket: Socket): void => {
      if (socket.connecting) socket.once('connect', () => void (isConnected = true));
      else isConnected = true;
    };
    if (request.socket) onSocket(request.socket);
    else request.once('socket', onSocket);
    request.once('timeout', () => (traced.error ??= new NetworkError('timed-out')));
    request.once('response', (response) => {
      if (response.statusCode !== undefined) traced.status = response.statusCode;
      traced.isFromAws = hasAwsMark(response.headers);
      response.once('close', () => {
        if (isCutOff(response)) traced.error ??= new NetworkError('connection-reset');
      });
    });
    // The SDK's connection timeout destroys the request without an error, which Node reports as a reset.
    request.once('error', (error: NodeJS.ErrnoException) => {
      const isTimeout = error.code === 'ECONNRESET' && !isConnected;
      traced.error ??= isTimeout ? new NetworkError('timed-out') : error;
    });
  }
}
