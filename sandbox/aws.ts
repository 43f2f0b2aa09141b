// Owns the AWS stand-in: ECR, ECR Public and STS on one port of 127.0.0.1, over their real wire protocols.
// Refuses to verify signatures (it has no secrets to keep) and to stand in for any other service.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerCall } from './aws/answers.js';
import { createClock } from './aws/clock.js';
import { AwsRefusal, type AwsErrorName } from './aws/errors.js';
import { DEFAULT_PRINCIPAL, type Principal, type RoleSession } from './aws/principals.js';
import { createSessions, type RoleRules, type Sessions, type WebIdentity } from './aws/sessions.js';
import { readAwsCall, type AwsCall } from './aws/signed-request.js';
import { createTokenMint, type IssuedToken, type TokenState } from './aws/token-mint.js';
import { sendError } from './aws/wire.js';
import { playFault, readText, startLocalServer, type Fault } from './local-server.js';

export type { AwsErrorName } from './aws/errors.js';
export type { RoleSession } from './aws/principals.js';
export type { RoleRules } from './aws/sessions.js';
export type { AwsCall, AwsService } from './aws/signed-request.js';
export type { IssuedToken, TokenState } from './aws/token-mint.js';

/** How a call shall go wrong: an AWS error in the service's own form, or anything at all. */
export type AwsFault = Fault | { error: AwsErrorName; message?: string; delayMs?: number };

/** Decides for each call whether it goes wrong. */
export type AwsFaultHook = (call: AwsCall) => AwsFault | undefined;

/** A running AWS stand-in. */
export interface AwsStandIn {
  url: string;
  /** What to put into the environment of a process that shall use it. */
  env: Record<string, string>;
  /** The same for a process that asks the real endpoints, which ./aws-network.ts leads here. */
  networkEnv: Record<string, string>;
  /** Every call, the failed ones included, oldest first. */
  calls: AwsCall[];
  /** Every token handed out, oldest first. */
  issued: IssuedToken[];
  /** Every role session handed out, oldest first: its secret key and session token are secrets. */
  sessions: readonly RoleSession[];
  /** Sets the life of the tokens to come. */
  setTokenLife: (seconds: number) => void;
  /** `undefined` ends the misbehaviour. */
  setFault(hook: AwsFaultHook | undefined): void;
  /** Sets who an access key is; keys that are not known are {@link DEFAULT_PRINCIPAL}. */
  setPrincipal(accessKeyId: string, principal: Principal): void;
  /** Sets what a role asks of whoever assumes it; roles that are not set can be assumed by anybody, for any time. */
  setRole(arn: string, rules: RoleRules): void;
  /** Sets whose web identity tokens are valid; every token is, as long as this is not set. */
  setWebIdentity(webIdentity: WebIdentity | undefined): void;
  /** Life of the role sessions to come, whatever they ask for; `undefined` ends that. */
  setSessionLife(seconds: number | undefined): void;
  /** A role session that nobody asked for. */
  openSession(roleArn: string, sessionName: string, lifeSeconds?: number): RoleSession;
  /** Ends a role session before its time: every later call with it is answered with ExpiredToken. */
  endSession(accessKeyId: string): void;
  /** Sets the stand-in's clock off from the machine's: its Date headers, every expiry, and what it takes for stale. */
  setClockOffset: (ms: number) => void;
  /** A token that nobody asked for, neither in `calls` nor in `issued`; expired when its life is 0. */
  mintToken(options: {
    service?: IssuedToken['service'];
    region?: string;
    account?: string;
    lifeSeconds: number;
  }): IssuedToken;
  /** Ends the life of every token issued so far. */
  expireAll: () => void;
  /** What a registry thinks of this password. */
  check: (password: string) => TokenState;
  /** The token behind a password. */
  find: (password: string) => IssuedToken | undefined;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface AwsOptions {
  /** Default 43,200 s: twelve hours, as at AWS. */
  tokenLifeSeconds?: number | undefined;
  /** Characters of the password; default 2,700. AWS promises no maximum. */
  tokenLength?: number | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** The default region of {@link AwsStandIn.env}; default us-east-1. */
  region?: string | undefined;
}

/** Throttles the first calls, and lets all later ones pass. */
export function throttleFirst(count: number): AwsFaultHook {
  let left = count;
  return ({ service }) => {
    left -= 1;
    if (left < 0) return undefined;
    return { error: service === 'sts' ? 'Throttling' : 'ThrottlingException' };
  };
}

/** Starts the AWS stand-in. */
export async function startAwsStandIn(options: AwsOptions = {}): Promise<AwsStandIn> {
  const clock = createClock();
  const mint = createTokenMint(options.tokenLifeSeconds ?? 43_200, options.tokenLength ?? 2_700, () =>
    clock.now(),
  );
  const sessions = createSessions(() => clock.now());
  const calls: AwsCall[] = [];
  let hook: AwsFaultHook | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Date', new Date(clock.now()).toUTCString());
    const call = readAwsCall(request, await readText(request));
    if (call === undefined) return sendError(response, 'ecr', new AwsRefusal('UnknownOperationException'));
    calls.push(call);
    try {
      if (await playAwsFault(hook?.(call), response)) return;
      answerCall(call, request.headers, response, { mint, sessions, clock });
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
      sendError(response, call.service, error);
    }
  }

  const server = await startLocalServer(handle, options.port);
  return {
    url: server.url,
    ...environments(server.url, options.region ?? 'us-east-1'),
    calls,
    issued: mint.issued,
    sessions: sessions.opened,
    setTokenLife: mint.setTokenLife,
    setFault: (next) => void (hook = next),
    setClockOffset: clock.setOffset,
    ...sessionControls(sessions),
    mintToken: ({
      service = 'ecr',
      region = 'us-east-1',
      account = DEFAULT_PRINCIPAL.account,
      lifeSeconds,
    }) => mint.mint(service, region, account, lifeSeconds),
    expireAll: mint.expireAll,
    check: mint.check,
    find: mint.find,
    stop: server.stop,
  };
}

function sessionControls(
  sessions: Sessions,
): Pick<
  AwsStandIn,
  'setPrincipal' | 'setRole' | 'setWebIdentity' | 'setSessionLife' | 'openSession' | 'endSession'
> {
  return {
    setPrincipal: sessions.setPrincipal,
    setRole: sessions.setRole,
    setWebIdentity: sessions.setWebIdentity,
    setSessionLife: sessions.setLife,
    openSession: sessions.open,
    endSession: sessions.end,
  };
}

function environments(url: string, region: string): Pick<AwsStandIn, 'env' | 'networkEnv'> {
  const common = {
    AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // a user's own settings would win over these keys or be sent along with them
    AWS_PROFILE: '',
    AWS_SESSION_TOKEN: '',
  };
  const endpoints = {
    AWS_ENDPOINT_URL_ECR: url,
    AWS_ENDPOINT_URL_ECR_PUBLIC: url,
    AWS_ENDPOINT_URL_STS: url,
  };
  return {
    env: { ...endpoints, ...common, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' },
    networkEnv: { ...common, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
  };
}

async function playAwsFault(fault: AwsFault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined || !('error' in fault)) return playFault(fault, response);
  await playFault(fault.delayMs === undefined ? undefined : { delayMs: fault.delayMs }, response);
  throw new AwsRefusal(fault.error, fault.message);
}
