// Owns what the AWS stand-in answers to each operation when nothing is to go wrong.
// Refuses calls as AWS refuses them: without a signature, signed at another time, or by a session that is over.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkSignedAt, type Clock } from './clock.js';
import { AwsRefusal } from './errors.js';
import { suffixOf } from './host-names.js';
import type { Principal, RoleSession } from './principals.js';
import type { Sessions } from './sessions.js';
import type { AwsCall } from './signed-request.js';
import type { IssuedToken, TokenMint } from './token-mint.js';
import { element, sendJsonResult, sendXmlResult } from './wire.js';

/** What the answers are made from. */
export interface AnswerParts {
  mint: TokenMint;
  sessions: Sessions;
  clock: Clock;
}

/**
 * Answers one call.
 * @throws AwsRefusal when AWS would refuse it
 */
export function answerCall(
  call: AwsCall,
  headers: IncomingMessage['headers'],
  response: ServerResponse,
  { mint, sessions, clock }: AnswerParts,
): void {
  const isUnsigned = call.accessKeyId === '';
  if (isUnsigned && call.action !== 'AssumeRoleWithWebIdentity') {
    throw new AwsRefusal(
      call.service === 'sts' ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException',
    );
  }
  if (!isUnsigned) checkSignedAt(call.service, headers['x-amz-date']?.toString(), clock.now());
  sessions.check(call);
  const principal = sessions.principalOf(call.accessKeyId);
  switch (`${call.service}:${call.action}`) {
    case 'ecr:GetAuthorizationToken':
      sendJsonResult(response, { authorizationData: ecrTokens(call, principal, mint) });
      return;
    case 'ecr-public:GetAuthorizationToken':
      if (call.region !== 'us-east-1') throw new AwsRefusal('UnsupportedCommandException');
      sendJsonResult(response, {
        authorizationData: tokenFields(mint.issue('ecr-public', call.region, principal.account)),
      });
      return;
    case 'sts:GetCallerIdentity':
      sendXmlResult(response, call.action, identityXml(principal));
      return;
    case 'sts:AssumeRole':
      sendXmlResult(response, call.action, sessionXml(sessions.assume(call)));
      return;
    case 'sts:AssumeRoleWithWebIdentity': {
      const { session, subject } = sessions.assumeWithWebIdentity(call);
      const result = sessionXml(session) + element('SubjectFromWebIdentityToken', subject);
      sendXmlResult(response, call.action, result);
      return;
    }
    default:
      throw new AwsRefusal('UnknownOperationException', `No stand-in for ${call.action}`);
  }
}

/** One token for each registry asked for (deprecated at AWS, but it answers so), else for the caller's own. */
function ecrTokens(call: AwsCall, principal: Principal, mint: TokenMint): Record<string, unknown>[] {
  const ids = call.input['registryIds'];
  const accounts = Array.isArray(ids) && ids.length > 0 ? ids.map(String) : [principal.account];
  return accounts.map((account) => ({
    ...tokenFields(mint.issue('ecr', call.region, account)),
    proxyEndpoint: `https://${account}.dkr.ecr.${call.region}.${suffixOf(call.region)}`,
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

function sessionXml(session: RoleSession): string {
  const credentials =
    element('AccessKeyId', session.accessKeyId) +
    element('SecretAccessKey', session.secretAccessKey) +
    element('SessionToken', session.sessionToken) +
    element('Expiration', session.expiration);
  const user = element('AssumedRoleId', session.assumedRoleId) + element('Arn', session.arn);
  return `<Credentials>${credentials}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`;
}
