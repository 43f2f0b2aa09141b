// Owns a Docker Engine that says what it is told to, on a unix socket.
import type { ServerResponse } from 'node:http';
import { answerJson, startServer, type RecordedRequest } from '../../adapters/local-server.js';

/** What it does instead of answering well. */
export type EngineFault = (request: RecordedRequest, response: ServerResponse) => void;

export interface FakeEngine {
  readonly url: string;
  setFault(fault: EngineFault | undefined): void;
  stop(): Promise<void>;
}

export async function startFakeEngine(socketPath: string): Promise<FakeEngine> {
  let fault: EngineFault | undefined;
  const { close } = await startServer((request, response) => {
    if (fault) fault(request, response);
    else if (request.path.endsWith('/version')) answerJson(response, 200, { Version: '28.0.0' });
    else answerJson(response, 200, { Status: 'Login Succeeded', IdentityToken: '' });
  }, socketPath);
  return { url: `unix://${socketPath}`, setFault: (next) => void (fault = next), stop: close };
}
