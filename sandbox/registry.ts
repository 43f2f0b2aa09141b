// Owns the gate: an HTTP front on 127.0.0.1 that stands for every registry of ECR and ECR Public by its Host header, and
// admits only unexpired tokens of the AWS stand-in. Behind it is a real registry where one is installed; without one it
// serves the sample image alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AwsStandIn } from './aws.js';
import { forwardRequest } from './forward-request.js';
import { playFault, startLocalServer, type Fault } from './local-server.js';
import { createAdmission, type Answer } from './registry/admission.js';
import { answerAlone } from './registry/lone-images.js';
import { pushSampleImage, SAMPLE_IMAGE } from './registry/sample-image.js';
import { startRegistryStorage } from './registry/storage.js';
import { readVisit } from './registry/visit.js';

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
  /** What was answered; undefined while it is under way, dropped or hung. */
  status: number | undefined;
}

/** Decides for each request whether it goes wrong. */
export type RegistryFaultHook = (request: RegistryRequest) => Fault | undefined;

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host of the connection and of image names. */
  host: string;
  url: string;
  hasRealRegistry: boolean;
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
  aws: Pick<AwsStandIn, 'check' | 'find'>;
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
  const admission = createAdmission(options);
  let hook: RegistryFaultHook | undefined;

  const gate = await startLocalServer(async (request, response) => {
    const visit = readVisit(request);
    const { method, path, authorized, scheme } = visit;
    const password = visit.credentials?.password;
    const record = { method, host: visit.host, path, authorized, scheme, password };
    const recorded: RegistryRequest = { ...record, status: undefined };
    requests.push(recorded);
    response.once('finish', () => (recorded.status = response.statusCode));
    if (await playFault(hook?.(recorded), response)) return; // with its own headers alone: it may be a proxy's page
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    const answer = admission.judge(visit) ?? (storage === undefined ? answerAlone(visit) : undefined);
    if (answer !== undefined) await sendAnswer(response, answer);
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
    hasRealRegistry: storage !== undefined,
    requests,
    setFault: (next) => void (hook = next),
    acceptAnything: () => admission.setCare('any-header'),
    openToAll: () => admission.setCare('none'),
    admitAsEcr: () => admission.setCare('ecr'),
    setChallenge: admission.setChallenge,
    denyPull: admission.denyPull,
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

/** What lies behind the gate asks for no password, and need not see one. */
function withoutAuthorization(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { authorization: _, ...rest } = headers;
  return rest;
}

async function sendAnswer(response: ServerResponse, { status, body, headers = {} }: Answer): Promise<void> {
  if (Buffer.isBuffer(body)) response.writeHead(status, headers).end(body);
  else await playFault({ status, body, headers }, response);
}
