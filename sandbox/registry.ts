// The private registry: a gate on 127.0.0.1 that accepts only unexpired tokens of the AWS stand-in, as ECR does, in
// front of a real registry if one is installed. Without one the gate serves only `/v2/`, which is enough for a login.
import type { IncomingMessage } from 'node:http';
import type { TokenChecks } from './aws/token-mint.js';
import { forwardRequest } from './forward-request.js';
import { startLocalServer } from './local-server.js';
import { checkAccess, readCredentials, registryError, sendAnswer } from './registry/access-check.js';
import { startRegistryStorage } from './registry/storage.js';

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host of the connection and of image names. */
  host: string;
  stop: () => Promise<void>;
}

/** Starts the gate, and the real registry behind it if one is installed. */
export async function startRegistry(options: {
  /** The AWS stand-in whose tokens are accepted. */
  tokens: TokenChecks;
  /** Contains images, configuration and log of the real registry. */
  stateFolder: string;
  port: number;
}): Promise<Registry> {
  const storage = await startRegistryStorage(options.stateFolder);
  const gate = await startLocalServer(async (request, response) => {
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    const credentials = readCredentials(request.headers.authorization);
    const refusal = checkAccess(credentials, request.headers.host ?? '', options.tokens);
    if (refusal !== undefined) sendAnswer(response, refusal);
    else if (storage !== undefined) {
      forwardRequest(request, response, storage.port, withoutAuthorization(request.headers));
    } else if (/^\/v2\/?(?:\?|$)/.test(request.url ?? '')) sendAnswer(response, { status: 200, body: {} });
    else sendAnswer(response, registryError(404, 'NAME_UNKNOWN', 'This stand-in has no images.'));
  }, options.port).catch(async (error: unknown) => {
    await storage?.stop();
    throw error;
  });
  return {
    host: `127.0.0.1:${gate.port}`,
    stop: async () => {
      await Promise.all([gate.stop(), storage?.stop()]);
    },
  };
}

/** The registry behind the gate requires no password, and must not get one. */
export function withoutAuthorization(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { authorization: _, ...rest } = headers;
  return rest;
}
