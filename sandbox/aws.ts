// The AWS stand-in: ECR and STS on one port of 127.0.0.1, with their real wire protocols, reached through
// AWS_ENDPOINT_URL_*. It accepts every access key and does not verify signatures.
import { answerCall, DEFAULT_PRINCIPAL, unknownOperation } from './aws/answers.js';
import { AwsRefusal } from './aws/refusal.js';
import { readAwsCall } from './aws/signed-request.js';
import { createTokenMint, type TokenChecks } from './aws/token-mint.js';
import { sendError } from './aws/wire.js';
import { readText, startLocalServer } from './local-server.js';

/** A running AWS stand-in. */
export interface AwsStandIn extends TokenChecks {
  url: string;
  /** Environment variables for a process that uses the stand-in. */
  env: Record<string, string>;
  /** A token that has already expired, as in a connection that was not refreshed for 12 hours. */
  mintExpiredToken: () => string;
  stop: () => Promise<void>;
}

/** Starts the AWS stand-in. */
export async function startAwsStandIn(port: number): Promise<AwsStandIn> {
  const mint = createTokenMint();
  const server = await startLocalServer(async (request, response) => {
    const call = readAwsCall(request, await readText(request));
    try {
      if (call === undefined) throw unknownOperation('this request');
      answerCall(call, response, mint);
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
      sendError(response, call?.service ?? 'ecr', error);
    }
  }, port);
  return {
    url: server.url,
    env: awsEnvironment(server.url),
    mintExpiredToken: () =>
      mint.mint({ region: 'us-east-1', account: DEFAULT_PRINCIPAL.account, lifeSeconds: 0 }).password,
    check: mint.check,
    find: mint.find,
    stop: server.stop,
  };
}

/** Environment variables for a process that uses the stand-in at `url`. */
export function awsEnvironment(url: string, region = 'us-east-1'): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_ECR: url,
    AWS_ENDPOINT_URL_ECR_PUBLIC: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // the user's own settings would override these keys or be sent with them
    AWS_PROFILE: '',
    AWS_SESSION_TOKEN: '',
  };
}
