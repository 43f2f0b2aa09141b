// A Docker Engine on a unix socket whose responses a test can replace.
import type { ServerResponse } from 'node:http';
import { answerAsEngine, startServer, type RecordedRequest } from '../../support/local-server.js';

/** Replaces the normal response. */
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
    else answerAsEngine(request, response);
  }, socketPath);
  return { url: `unix://${socketPath}`, setFault: (next) => void (fault = next), stop: close };
}
