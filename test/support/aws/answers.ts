// Responses of the AWS stand-in for tests when no fault is injected: the calls of the sandbox's stand-in for any
// principal, and ECR Public, roles and web identities. Like AWS, it rejects calls without a signature, with a wrong
// signing time, or with an expired session.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { identityXml, tokenFields, type Principal } from '../../../sandbox/aws/answers.js';
import type { AwsCall } from '../../../sandbox/aws/signed-request.js';
import { element, sendJsonResult, sendXmlResult } from '../../../sandbox/aws/wire.js';
import type { AdjustableMint } from './adjustable-mint.js';
import { checkSignedAt, type Clock } from './clock.js';
import { refuseAs } from './errors.js';
import { suffixOf } from './host-names.js';
import type { RoleSession } from './principals.js';
import type { Sessions } from './sessions.js';

export interface AnswerParts {
  mint: AdjustableMint;
  sessions: Sessions;
  clock: Clock;
}

/**
 * Sends the response to one call.
 * @throws AwsRefusal when AWS would reject it
 */
export function answerCall(
  call: AwsCall,
  headers: IncomingMessage['headers'],
  response: ServerResponse,
  { mint, sessions, clock }: AnswerParts,
): void {
  const isUnsigned = call.accessKeyId === '';
  if (isUnsigned && call.action !== 'AssumeRoleWithWebIdentity') {
    throw refuseAs(
      call.service === 'sts' ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException',
    );
  }
  if (!isUnsigned) checkSignedAt(call.service, headers['x-amz-date']?.toString(), clock.now());
  sessions.check(call);
  const principal = sessions.principalOf(call.accessKeyId);
  const sessionEndsAt = sessions.endOf(call.accessKeyId);
  switch (`${call.service}:${call.action}`) {
    case 'ecr:GetAuthorizationToken':
      sendJsonResult(response, { authorizationData: ecrTokens(call, principal, mint, sessionEndsAt) });
      return;
    case 'ecr-public:GetAuthorizationToken':
      if (call.region !== 'us-east-1') throw refuseAs('UnsupportedCommandException');
      sendJsonResult(response, {
        authorizationData: tokenFields(
          mint.issue({
            service: 'ecr-public',
            region: call.region,
            account: principal.account,
            sessionEndsAt,
          }),
        ),
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
      throw refuseAs('UnknownOperationException', `The stand-in does not implement ${call.action}`);
  }
}

/** One token for each of `registryIds` (deprecated, but AWS still does this), else one for the caller's account. */
function ecrTokens(
  call: AwsCall,
  principal: Principal,
  mint: AdjustableMint,
  sessionEndsAt: number | undefined,
): Record<string, unknown>[] {
  const ids = call.input['registryIds'];
  const accounts = Array.isArray(ids) && ids.length > 0 ? ids.map(String) : [principal.account];
  return accounts.map((account) => ({
    ...tokenFields(mint.issue({ region: call.region, account, sessionEndsAt })),
    proxyEndpoint: `https://${account}.dkr.ecr.${call.region}.${suffixOf(call.region)}`,
  }));
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
