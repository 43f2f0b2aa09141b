// Owns the AWS stand-in: ECR, ECR Public and STS on one port of 127.0.0.1, over their real wire protocols.
// Refuses to verify signatures (it has no secrets to keep) and to stand in for any other service.
import type { ServerResponse } from 'node:http';
import { assumeRole, DEFAULT_PRINCIPAL, type Principal, type RoleSession } from './aws/principals.js';
import { readAwsCall, type AwsCall } from './aws/signed-request.js';
import { createTokenMint, type IssuedToken, type TokenMint, type TokenState } from './aws/token-mint.js';
import { element, sendError, sendJsonResult, sendXmlResult } from './aws/wire.js';
import { playFault, readText, startLocalServer, type Fault } from './local-server.js';

export type { AwsCall, AwsService } from './aws/signed-request.js';
export type { IssuedToken, TokenState } from './aws/token-mint.js';

/** Errors as AWS words them, with HTTP status and message. */
const AWS_ERRORS = {
  ThrottlingException: [400, 'Rate exceeded'],
  AccessDeniedException: [
    400,
    'User: arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action',
  ],
  ExpiredTokenException: [400, 'The security token included in the request is expired'],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
  InvalidParameterException: [400, 'Invalid parameter'],
  ServerException: [500, 'These errors are usually caused by a server-side issue.'],
  // as STS calls them
  Throttling: [400, 'Rate exceeded'],
  AccessDenied: [403, 'User is not authorized to perform: sts:AssumeRole on the given role'],
  ExpiredToken: [400, 'The security token included in the request is expired'],
  InvalidClientTokenId: [403, 'The security token included in the request is invalid.'],
} as const satisfies Record<string, readonly [number, string]>;

/** The name of an AWS error that the stand-in can answer with. */
export type AwsErrorName = keyof typeof AWS_ERRORS;

/** How a call shall go wrong: an AWS error in the service's own form, or anything at all. */
export type AwsFault = Fault | { error: AwsErrorName; message?: string; delayMs?: number };

/** Decides for each call whether it goes wrong. */
export type AwsFaultHook = (call: AwsCall) => AwsFault | undefined;

/** A running AWS stand-in. */
export interface AwsStandIn {
  url: string;
  /** What to put into the environment of a process that shall use it. */
  env: Record<string, string>;
  /** Every call, the failed ones included, oldest first. */
  calls: AwsCall[];
  /** Every token handed out, oldest first. */
  issued: IssuedToken[];
  /** Sets the life of the tokens to come. */
  setTokenLife: (seconds: number) => void;
  /** `undefined` ends the misbehaviour. */
  setFault(hook: AwsFaultHook | undefined): void;
  /** Sets who an access key is; keys that are not known are {@link DEFAULT_PRINCIPAL}. */
  setPrincipal(accessKeyId: string, principal: Principal): void;
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

/** Starts the AWS stand-in. */
export async function startAwsStandIn(options: AwsOptions = {}): Promise<AwsStandIn> {
  const mint = createTokenMint(options.tokenLifeSeconds ?? 43_200, options.tokenLength ?? 2_700);
  const principals = new Map<string, Principal>();
  const calls: AwsCall[] = [];
  let hook: AwsFaultHook | undefined;

  const server = await startLocalServer(async (request, response) => {
    const call = readAwsCall(request, await readText(request));
    if (call === undefined) {
      sendError(response, 'ecr', 400, 'UnknownOperationException', 'The stand-in knows no such operation');
      return;
    }
    calls.push(call);
    if (await playAwsFault(hook?.(call), call, response)) return;
    answer(call, response, mint, principals);
  }, options.port);

  return {
    url: server.url,
    env: {
      AWS_ENDPOINT_URL_ECR: server.url,
      AWS_ENDPOINT_URL_ECR_PUBLIC: server.url,
      AWS_ENDPOINT_URL_STS: server.url,
      AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
      AWS_REGION: options.region ?? 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      // a user's own settings would win over these keys or be sent along with them
      AWS_PROFILE: '',
      AWS_SESSION_TOKEN: '',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    },
    calls,
    issued: mint.issued,
    setTokenLife: mint.setTokenLife,
    setFault: (next) => void (hook = next),
    setPrincipal: (accessKeyId, principal) => void principals.set(accessKeyId, principal),
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

async function playAwsFault(
  fault: AwsFault | undefined,
  call: AwsCall,
  response: ServerResponse,
): Promise<boolean> {
  if (fault === undefined || !('error' in fault)) return playFault(fault, response);
  await playFault(fault.delayMs === undefined ? undefined : { delayMs: fault.delayMs }, response);
  const [status, message] = AWS_ERRORS[fault.error];
  sendError(response, call.service, status, fault.error, fault.message ?? message);
  return true;
}

function answer(
  call: AwsCall,
  response: ServerResponse,
  mint: TokenMint,
  principals: Map<string, Principal>,
): void {
  const unsigned = call.accessKeyId === '';
  if (unsigned && call.action !== 'AssumeRoleWithWebIdentity') {
    const code =
      call.service === 'sts' ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException';
    sendError(response, call.service, 403, code, 'Request is missing Authentication Token');
    return;
  }
  const principal = principals.get(call.accessKeyId) ?? DEFAULT_PRINCIPAL;
  switch (`${call.service}:${call.action}`) {
    case 'ecr:GetAuthorizationToken':
      sendJsonResult(response, { authorizationData: ecrTokens(call, principal, mint) });
      return;
    case 'ecr-public:GetAuthorizationToken':
      sendJsonResult(response, {
        authorizationData: tokenFields(mint.issue('ecr-public', call.region, principal.account)),
      });
      return;
    case 'sts:GetCallerIdentity':
      sendXmlResult(response, call.action, identityXml(principal));
      return;
    case 'sts:AssumeRole':
    case 'sts:AssumeRoleWithWebIdentity':
      answerAssumeRole(call, response, principals);
      return;
    default:
      sendError(response, call.service, 400, 'UnknownOperationException', `No stand-in for ${call.action}`);
  }
}

/** One token for each registry asked for (deprecated at AWS, but it answers so), else for the caller's own. */
function ecrTokens(call: AwsCall, principal: Principal, mint: TokenMint): Record<string, unknown>[] {
  const ids = call.input['registryIds'];
  const accounts = Array.isArray(ids) && ids.length > 0 ? ids.map(String) : [principal.account];
  return accounts.map((account) => ({
    ...tokenFields(mint.issue('ecr', call.region, account)),
    proxyEndpoint: `https://${account}.dkr.ecr.${call.region}.amazonaws.com`,
  }));
}

function tokenFields(token: IssuedToken): Record<string, unknown> {
  return {
    authorizationToken: Buffer.from(`AWS:${token.password}`).toString('base64'),
    expiresAt: token.expiresAt / 1_000,
  };
}

function identityXml(principal: Principal): string {
  const userId = `AROASANDBOX00000000:${principal.arn.split('/').at(-1) ?? ''}`;
  return element('Arn', principal.arn) + element('UserId', userId) + element('Account', principal.account);
}

function answerAssumeRole(call: AwsCall, response: ServerResponse, principals: Map<string, Principal>): void {
  const input = (name: string): string => {
    const value = call.input[name];
    return typeof value === 'string' ? value : '';
  };
  let session: RoleSession;
  try {
    session = assumeRole(
      input('RoleArn'),
      input('RoleSessionName'),
      Number(input('DurationSeconds') || 3_600),
    );
  } catch (error) {
    sendError(response, 'sts', 400, 'ValidationError', (error as Error).message);
    return;
  }
  principals.set(session.accessKeyId, session);
  const credentials =
    element('AccessKeyId', session.accessKeyId) +
    element('SecretAccessKey', session.secretAccessKey) +
    element('SessionToken', session.sessionToken) +
    element('Expiration', session.expiration);
  const user = element('AssumedRoleId', session.assumedRoleId) + element('Arn', session.arn);
  const result = `<Credentials>${credentials}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`;
  sendXmlResult(response, call.action, result);
}
