// The gate for tests: by its Host header it stands for every registry of ECR and ECR Public, it records requests, and it
// misbehaves on demand. Behind it is a real registry where one is installed; without one it serves the sample image alone.
import type { ServerResponse } from 'node:http';
import type { TokenChecks } from '../../sandbox/aws/token-mint.js';
import { forwardRequest } from '../../sandbox/forward-request.js';
import { startLocalServer } from '../../sandbox/local-server.js';
import { sendAnswer, type GateAnswer } from '../../sandbox/registry/access-check.js';
import { startRegistryStorage } from '../../sandbox/registry/storage.js';
import { withoutAuthorization } from '../../sandbox/registry.js';
import { playFault, type Fault } from './fault.js';
import { createAccessCheck } from './registry/access-check.js';
import { readGateRequest } from './registry/request.js';
import { answerFromSampleImage } from './registry/sample-image-routes.js';
import { pushSampleImage, SAMPLE_IMAGE } from './registry/sample-image.js';

export { SAMPLE_OUTPUT } from './registry/sample-image.js';

/** One request to the gate, as recorded. */
export interface RegistryRequest {
  method: string;
  /** The Host header in lower case, without the port of HTTPS. */
  host: string;
  path: string;
  /** Whether it had an Authorization header. */
  authorized: boolean;
  /** Of that header; undefined when there is none, or one of another scheme. */
  scheme: 'Basic' | 'Bearer' | undefined;
  /** The password of that header; undefined when there is none. */
  password: string | undefined;
  /** What was answered; undefined while it is in progress, dropped or hung. */
  status: number | undefined;
}

/** Decides for each request whether it goes wrong. */
export type RegistryFaultHook = (request: RegistryRequest) => Fault | undefined;

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host of the connection and of image names. */
  host: string;
  url: string;
  /** Every request, oldest first. */
  requests: RegistryRequest[];
  setFault(hook: RegistryFaultHook | undefined): void;
  /** Lets everybody through who brings an Authorization header, whatever it says: a registry that checks no password. */
  acceptAnything: () => void;
  /** Lets everybody through, without a header, too. */
  openToAll: () => void;
  /** Ends the two above. */
  admitAsEcr: () => void;
  /**
   * Sends everybody away with 401 and this realm of a token service, those with a password, too: for tests with a realm
   * that is after it. `undefined` ends it.
   */
  setChallenge(realm: string | undefined): void;
  /** Lets nobody pull from this repository any more, however valid the token is. */
  denyPull(repository: string): void;
  /**
   * Puts the sample image into the registry and returns its name, `HOST/sandbox/hello:latest`. It prints
   * SAMPLE_OUTPUT and exits with 0. Undefined without a real registry.
   */
  pushSampleImage: (() => Promise<string>) | undefined;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface RegistryOptions {
  /** Whose tokens are admitted. */
  aws: TokenChecks;
  /** Images, configuration and log of the real registry lie here. */
  stateFolder: string;
  /** When given, tokens of other regions are refused with 400, as ECR does. */
  region?: string | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** False: no real registry behind the gate even where one is installed. Default true. */
  storage?: boolean | undefined;
}

/** Starts the gate, and the real registry behind it where one is installed. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const storage = options.storage === false ? undefined : await startRegistryStorage(options.stateFolder);
  const requests: RegistryRequest[] = [];
  const accessCheck = createAccessCheck(options);
  let hook: RegistryFaultHook | undefined;

  const gate = await startLocalServer(async (request, response) => {
    const read = readGateRequest(request);
    const { method, path, authorized, scheme } = read;
    const password = read.credentials?.password;
    const record = { method, host: read.host, path, authorized, scheme, password };
    const recorded: RegistryRequest = { ...record, status: undefined };
    requests.push(recorded);
    response.once('finish', () => (recorded.status = response.statusCode));
    if (await playFault(hook?.(recorded), response)) return; // with its own headers alone: it may be a proxy's page
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    const answer =
      accessCheck.check(read) ?? (storage === undefined ? answerFromSampleImage(read) : undefined);
    if (answer !== undefined) send(response, answer);
    else if (storage !== undefined) {
      forwardRequest(request, response, storage.port, withoutAuthorization(request.headers));
    }
  }, options.port).catch(async (error: unknown) => {
    await storage?.stop();
    throw error;
  });
  const host = `127.0.0.1:${gate.port}`;

  return {
    host,
    url: gate.url,
    requests,
    setFault: (next) => void (hook = next),
    acceptAnything: () => accessCheck.setCare('any-header'),
    openToAll: () => accessCheck.setCare('none'),
    admitAsEcr: () => accessCheck.setCare('ecr'),
    setChallenge: accessCheck.setChallenge,
    denyPull: accessCheck.denyPull,
    pushSampleImage:
      storage &&
      (async () => {
        await pushSampleImage(storage.url);
        return `${host}/${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`;
      }),
    stop: async () => {
      await Promise.all([gate.stop(), storage?.stop()]);
    },
  };
}

function send(response: ServerResponse, answer: GateAnswer): void {
  if (Buffer.isBuffer(answer.body)) response.writeHead(answer.status, answer.headers).end(answer.body);
  else sendAnswer(response, answer);
}
