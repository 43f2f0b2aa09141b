// Sends the requests of all AWS clients, and records where a failed one went.
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { createHttpAgent } from '../net/agents.js';
import { noteUrl } from '../net/network-error.js';
import { createAwsAgents } from './ca-bundle.js';
import { NO_LOG } from './no-log.js';

type Arguments = Parameters<NodeHttpHandler['handle']>;

/** Shared by all clients: they must not change or close it. */
export class AwsRequestHandler {
  /** Clients of the SDK replace a handler that uses HTTP/2. */
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly getHttpsAgent = createAwsAgents();
  readonly #settings = {
    logger: NO_LOG,
    httpAgent: createHttpAgent(),
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    // Otherwise the SDK only warns on the console and keeps waiting.
    throwOnRequestTimeout: true,
  };
  #current: { readonly agent: object; readonly handler: NodeHttpHandler } | undefined;

  async handle(...[request, options]: Arguments): ReturnType<NodeHttpHandler['handle']> {
    try {
      return await (await this.#getHandler()).handle(request, options);
    } catch (error) {
      const { protocol, hostname, port } = request;
      throw noteUrl(error, new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`));
    }
  }

  async #getHandler(): Promise<NodeHttpHandler> {
    const httpsAgent = await this.getHttpsAgent();
    if (this.#current?.agent === httpsAgent) return this.#current.handler;
    // Imported at the first use, like the SDK.
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const handler = new NodeHttpHandler({ ...this.#settings, httpsAgent });
    this.#current = { agent: httpsAgent, handler };
    return handler;
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {}
}
