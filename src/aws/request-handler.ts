// Sends the requests of all AWS clients, limits time and size of their responses, and records where a failed one went.
// Responses are not decompressed.
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { createHttpAgent } from '../net/agents.js';
import { withDeadline } from '../net/deadline.js';
import { noteUrl } from '../net/network-error.js';
import { readBody } from '../net/read-body.js';
import { createAwsAgents } from './ca-bundle.js';
import { traceLimit } from './credentials/request-trace.js';
import { NO_LOG } from './no-log.js';

type Arguments = Parameters<NodeHttpHandler['handle']>;

/**
 * Milliseconds for a whole request, including its body, which `requestTimeout` does not cover. Longer than that, so
 * that the SDK sends a request without a response again.
 */
const EXCHANGE_LIMIT_MS = 12_000;

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
    // The SDK passes on the signal of its caller.
    const caller = options?.abortSignal as AbortSignal | undefined;
    try {
      return await withDeadline(EXCHANGE_LIMIT_MS, caller, async (abortSignal) => {
        const handler = await this.#getHandler();
        const { response } = await handler.handle(request, { ...options, abortSignal });
        response.body = await readBody(response.body as AsyncIterable<Uint8Array>);
        return { response };
      });
    } catch (error) {
      traceLimit(error);
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
