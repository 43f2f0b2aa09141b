// The AWS stand-in for tests, with the wire protocols of the sandbox's: it records calls, injects faults, lets tests
// change its clock and expire tokens, and also implements ECR Public, principals, roles and web identities.
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

/** The fault of a call: an AWS error in the service's format, or any other fault. */
export type AwsFault = Fault | { error: AwsErrorName; message?: string; delayMs?: number };

/** Returns the fault to inject for a call, if any. */
export type AwsFaultHook = (call: AwsCall) => AwsFault | undefined;

/** A running AWS stand-in. */
export interface AwsStandIn {
  url: string;
  /** Environment variables for a process that uses the stand-in. */
  env: Record<string, string>;
  /** The same for a process that calls the real endpoints, which ./aws-network.ts routes to the stand-in. */
  networkEnv: Record<string, string>;
  /** Every call, including failed ones, oldest first. */
  calls: AwsCall[];
  /** Every token that was returned to a caller, oldest first. */
  issued: IssuedToken[];
  /** Every role session, oldest first. Their secret keys and session tokens are secrets. */
  sessions: readonly RoleSession[];
  /** Sets the lifetime of later tokens. */
  setTokenLife: (seconds: number) => void;
  /** `undefined` ends the faults. */
  setFault(hook: AwsFaultHook | undefined): void;
  /** Sets the principal of an access key; unknown keys belong to {@link DEFAULT_PRINCIPAL}. */
  setPrincipal(accessKeyId: string, principal: Principal): void;
  /** Sets the rules for assuming a role; without rules, every caller can assume it for any duration. */
  setRole(arn: string, rules: RoleRules): void;
  /** Sets which web identity tokens are valid; by default, every token is. */
  setWebIdentity(webIdentity: WebIdentity | undefined): void;
  /** Sets the lifetime of later role sessions, regardless of the requested duration; `undefined` ends this. */
  setSessionLife(seconds: number | undefined): void;
  /** Opens a role session without a call. */
  openSession(roleArn: string, sessionName: string, lifeSeconds?: number): RoleSession;
  /** Ends a role session before it expires: every later call with it fails with ExpiredToken. */
  endSession(accessKeyId: string): void;
  /** Sets the offset of the stand-in's clock from the machine's, for Date headers, expiries and signature checks. */
  setClockOffset: (ms: number) => void;
  /** Creates a token without a call; it is not added to `calls` or `issued`. A lifetime of 0 makes an expired token. */
  mintToken(options: {
    service?: IssuedToken['service'];
    region?: string;
    account?: string;
    lifeSeconds: number;
  }): IssuedToken;
  /** Whether registries reject a token once the session that it was issued to has ended; default false. */
  endTokensWithSession: (ends: boolean) => void;
  /** Expires every token issued so far. */
  expireAll: () => void;
  /** What a registry finds out about this password. */
  check: (password: string) => TokenState;
  /** The token behind a password. */
  find: (password: string) => IssuedToken | undefined;
  stop: () => Promise<void>;
}

export interface AwsOptions {
  /** Characters of the password; default 2,700. AWS documents no maximum. */
  tokenLength?: number | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** The region in {@link AwsStandIn.env}; default us-east-1. */
  region?: string | undefined;
}

/** Throttles the first calls only. */
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
    endTokensWithSession: mint.endWithSession,
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

/** For a process that calls the real endpoints: no endpoint is set. */
function networkEnvironment(env: Record<string, string>): Record<string, string> {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('AWS_ENDPOINT_URL'));
  return { ...Object.fromEntries(others), AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
}

async function playAwsFault(fault: AwsFault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined || !('error' in fault)) return playFault(fault, response);
  await playFault(fault.delayMs === undefined ? undefined : { delayMs: fault.delayMs }, response);
  throw refuseAs(fault.error, fault.message);
}
