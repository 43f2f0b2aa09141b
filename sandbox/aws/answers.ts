// What the AWS stand-in answers: a new token from ECR, and from STS whose token it is. It refuses unsigned calls.
import type { ServerResponse } from 'node:http';
import { AwsRefusal } from './refusal.js';
import type { AwsCall } from './signed-request.js';
import type { IssuedToken, TokenMint } from './token-mint.js';
import { element, sendJsonResult, sendXmlResult } from './wire.js';

/** An identity of AWS. */
export interface Principal {
  /** Twelve digits. */
  account: string;
  arn: string;
}

/** Every access key is this assumed role, so that a sandbox needs no configuration. */
export const DEFAULT_PRINCIPAL: Principal = {
  account: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox',
};

/** Twelve hours, as at AWS. */
export const TOKEN_SECONDS = 43_200;

/**
 * Answers one call.
 * @throws AwsRefusal when AWS would refuse it
 */
export function answerCall(call: AwsCall, response: ServerResponse, mint: TokenMint): void {
  if (call.accessKeyId === '') {
    const code =
      call.service === 'sts' ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException';
    throw new AwsRefusal(code, 403, 'Request is missing Authentication Token');
  }
  switch (`${call.service}:${call.action}`) {
    case 'ecr:GetAuthorizationToken': {
      const { account } = DEFAULT_PRINCIPAL;
      const token = mint.mint({ region: call.region, account, lifeSeconds: TOKEN_SECONDS });
      const proxyEndpoint = `https://${account}.dkr.ecr.${call.region}.amazonaws.com`;
      sendJsonResult(response, { authorizationData: [{ ...tokenFields(token), proxyEndpoint }] });
      return;
    }
    case 'sts:GetCallerIdentity':
      sendXmlResult(response, call.action, identityXml(DEFAULT_PRINCIPAL));
      return;
    default:
      throw unknownOperation(call.action);
  }
}

/** For everything that is not stood in for. */
export function unknownOperation(action: string): AwsRefusal {
  return new AwsRefusal('UnknownOperationException', 400, `The stand-in knows no operation ${action}`);
}

/** A token in the form of ECR's response. */
export function tokenFields(token: IssuedToken): Record<string, unknown> {
  return {
    authorizationToken: Buffer.from(`AWS:${token.password}`).toString('base64'),
    expiresAt: token.expiresAt / 1_000,
  };
}

/** The result of GetCallerIdentity. */
export function identityXml(principal: Principal): string {
  const userId = `AROASANDBOX00000000:${principal.arn.split('/').at(-1) ?? ''}`;
  return element('Arn', principal.arn) + element('UserId', userId) + element('Account', principal.account);
}
