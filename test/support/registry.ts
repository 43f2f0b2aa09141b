// The registry gate for tests: the Host header selects any registry of ECR or ECR Public. It records requests and
// injects faults. Behind it is a real registry if one is installed; otherwise it serves only the sample image.
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

/** A recorded request to the gate. */
export interface RegistryRequest {
  method: string;
  /** The Host header in lower case, without port 443. */
  host: string;
  path: string;
  /** Whether it has an Authorization header. */
  authorized: boolean;
  /** The scheme of this header; undefined if there is no header, or for another scheme. */
  scheme: 'Basic' | 'Bearer' | undefined;
  /** The password in this header; undefined if there is none. */
  password: string | undefined;
  /** Status of the response; undefined while the request is in progress, and if it was dropped or hangs. */
  status: number | undefined;
}

/** Returns the fault to inject for a request, if any. */
export type RegistryFaultHook = (request: RegistryRequest) => Fault | undefined;

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host of the connection and of image names. */
  host: string;
  url: string;
  /** Every request, oldest first. */
  requests: RegistryRequest[];
  setFault(hook: RegistryFaultHook | undefined): void;
  /** Accepts any password: every request with an Authorization header is allowed. */
  acceptAnything: () => void;
  /** Allows anonymous access: every request is allowed. */
  openToAll: () => void;
  /** Checks tokens again, after `acceptAnything` or `openToAll`. */
  admitAsEcr: () => void;
  /**
   * Responds to every request with 401 and this realm of a token service, even to requests with a password: for tests
   * of a realm that could steal it. `undefined` ends this.
   */
  setChallenge(realm: string | undefined): void;
  /** Denies pulls from this repository, even with a valid token. */
  denyPull(repository: string): void;
  /**
   * Pushes the sample image to the registry and returns its name, `HOST/sandbox/hello:latest`. The image prints
   * SAMPLE_OUTPUT and exits with code 0. Undefined without a real registry.
   */
  pushSampleImage: (() => Promise<string>) | undefined;
  stop: () => Promise<void>;
}

export interface RegistryOptions {
  /** The AWS stand-in whose tokens are accepted. */
  aws: TokenChecks;
  /** Contains images, configuration and log of the real registry. */
  stateFolder: string;
  /** If set, tokens of other regions are rejected with 400, as ECR does. */
  region?: string | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** If false, no real registry is started behind the gate, even if one is installed. Default true. */
  storage?: boolean | undefined;
}

/** Starts the gate, and the real registry behind it if one is installed. */
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
    if (await playFault(hook?.(recorded), response)) return; // without the header below, like a proxy's page
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
    acceptAnything: () => accessCheck.setStrictness('any-header'),
    openToAll: () => accessCheck.setStrictness('none'),
    admitAsEcr: () => accessCheck.setStrictness('ecr'),
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
