// The AWS stand-in for tests, on the wire protocols of the sandbox's: it records calls and misbehaves on demand, its clock
// and its tokens can be changed, and it also has ECR Public, principals, roles and web identities.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEFAULT_PRINCIPAL, TOKEN_SECONDS, type Principal } from '../../sandbox/aws/answers.js';
import { AwsRefusal } from '../../sandbox/aws/refusal.js';
import { readAwsCall, type AwsCall } from '../../sandbox/aws/signed-request.js';
import type { IssuedToken, TokenState } from '../../sandbox/aws/token-mint.js';
import { sendError } from '../../sandbox/aws/wire.js';
import { awsEnvironment } from '../../sandbox/aws.js';
import { readText, startLocalServer } from '../../sandbox/local-server.js';
import { createAdjustableMint } from './aws/adjustable-mint.js';
import { answerCall } from './aws/answers.js';
import { createClock } from './aws/clock.js';
import { refuseAs, type AwsErrorName } from './aws/errors.js';
import type { RoleSession } from './aws/principals.js';
import { createSessions, type RoleRules, type Sessions, type WebIdentity } from './aws/sessions.js';
import { playFault, type Fault } from './fault.js';

export type { AwsErrorName } from './aws/errors.js';
export type { RoleSession } from './aws/principals.js';
export type { RoleRules } from './aws/sessions.js';
export type { AwsCall, AwsService } from '../../sandbox/aws/signed-request.js';
export type { IssuedToken, TokenState } from '../../sandbox/aws/token-mint.js';

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
  const mint = createAdjustableMint(TOKEN_SECONDS, options.tokenLength, () => clock.now());
  const sessions = createSessions(() => clock.now());
  const calls: AwsCall[] = [];
  let hook: AwsFaultHook | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Date', new Date(clock.now()).toUTCString());
    const call = readAwsCall(request, await readText(request));
    if (call === undefined) return sendError(response, 'ecr', refuseAs('UnknownOperationException'));
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
  const env = awsEnvironment(server.url, options.region);
  return {
    url: server.url,
    env,
    networkEnv: networkEnvironment(env),
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
    }) => mint.mint({ service, region, account, lifeSeconds }),
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

/** For a process that is to ask the real endpoints: no endpoint is set. */
function networkEnvironment(env: Record<string, string>): Record<string, string> {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('AWS_ENDPOINT_URL'));
  return { ...Object.fromEntries(others), AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
}

async function playAwsFault(fault: AwsFault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined || !('error' in fault)) return playFault(fault, response);
  await playFault(fault.delayMs === undefined ? undefined : { delayMs: fault.delayMs }, response);
  throw refuseAs(fault.error, fault.message);
}
