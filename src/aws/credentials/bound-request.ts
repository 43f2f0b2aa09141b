import type { ClientRequest, IncomingMessage } from 'node:http';
import { NetworkError } from '../../net/network-error.js';
import { MAX_RESPONSE_BYTES } from '../../net/read-body.js';

/** Milliseconds for a whole request. Some providers send up to four, one after another. */
const REQUEST_LIMIT_MS = 15_000;

/**
 * Limits time and size of the response to a request that a credential provider of the AWS SDK sends: those of the
 * container endpoint and of the metadata service do not use the request handler of the clients, have no limits
 * themselves, and read the whole body into memory.
 *
 * A request beyond a limit fails with a NetworkError.
 */
export function boundRequest(request: ClientRequest): void {
  const end = (error: NetworkError): void => void request.destroy(error);
  const timer = setTimeout(() => end(new NetworkError('timed-out')), REQUEST_LIMIT_MS).unref();
  request.once('close', () => clearTimeout(timer));
  request.once('response', (response) => {
    limitBytes(response, () => end(new NetworkError('too-large')));
    response.once('close', () => {
      // The provider of the metadata service would wait forever: it listens only for errors of the request, and the
      // body that is cut off is an error of the response.
      const isUnnoticed = response.listenerCount('error') === 0;
      if (isCutOff(response) && isUnnoticed) request.emit('error', new NetworkError('connection-reset'));
    });
  });
}

/** After its end. The provider of the metadata service does not read the body of an error, and ends the request. */
export function isCutOff({ complete, statusCode = 0 }: IncomingMessage): boolean {
  return !complete && statusCode < 300;
}

/** Counts where Node passes on each chunk: a listener would change how the provider reads. */
function limitBytes(response: IncomingMessage, onLimit: () => void): void {
  const push = response.push.bind(response);
  let bytes = 0;
  response.push = (chunk: Uint8Array | null, encoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes > MAX_RESPONSE_BYTES && !response.destroyed) onLimit();
    return push(chunk, encoding);
  };
}
