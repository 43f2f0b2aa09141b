// Responses of the AWS stand-in: ECR returns a new token, STS the caller's identity. Unsigned calls are rejected.
import type { ServerResponse } from 'node:http';
import { AwsRefusal } from './refusal.js';
import type { AwsCall } from './signed-request.js';
import type { IssuedToken, TokenMint } from './token-mint.js';
import { element, sendJsonResult, sendXmlResult } from './wire.js';

/** An AWS identity. */
export interface Principal {
  /** 12 digits. */
  account: string;
  arn: string;
}

/** The principal of every access key, so that a sandbox needs no configuration. */
export const DEFAULT_PRINCIPAL: Principal = {
  account: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox',
};

/** 12 hours, as in AWS. */
export const TOKEN_SECONDS = 43_200;

/**
 * Sends the response to one call.
 * @throws AwsRefusal when AWS would reject it
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

/** The error for a call that the stand-in does not implement. */
export function unknownOperation(action: string): AwsRefusal {
  return new AwsRefusal('UnknownOperationException', 400, `The stand-in does not implement ${action}`);
}

/** A token as in ECR's response. */
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
