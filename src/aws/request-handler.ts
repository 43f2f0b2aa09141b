// Sends the requests of all AWS clients, and records where a failed one went.
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { createHttpAgent, createHttpsAgent } from '../net/agents.js';
import { noteUrl } from '../net/network-error.js';
import { NO_LOG } from './no-log.js';

type Arguments = Parameters<NodeHttpHandler['handle']>;

/** Shared by all clients: they must not change or close it. */
export class AwsRequestHandler {
  /** Clients of the SDK replace a handler that uses HTTP/2. */
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #settings = {
    logger: NO_LOG,
    httpAgent: createHttpAgent(),
    httpsAgent: createHttpsAgent(),
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    // Otherwise the SDK only warns on the console and keeps waiting.
    throwOnRequestTimeout: true,
  };
  #handler: Promise<NodeHttpHandler> | undefined;

  async handle(...[request, options]: Arguments): ReturnType<NodeHttpHandler['handle']> {
    // Imported at the first use, like the SDK.
    this.#handler ??= import('@smithy/node-http-handler').then(
      (module) => new module.NodeHttpHandler(this.#settings),
    );
    const handler = await this.#handler;
    try {
      return await handler.handle(request, options);
    } catch (error) {
      const { protocol, hostname, port } = request;
      throw noteUrl(error, new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`));
    }
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {}
}
