import { NetworkError } from './network-error.js';

/** A connection, a token, credentials or an error take a few kilobytes. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * Reads the body of a response. Ending early closes its connection.
 * @throws NetworkError too-large, and the errors of the stream, such as ECONNRESET for a body that is cut off
 */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) throw new NetworkError('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
