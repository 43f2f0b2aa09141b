// Failures of the two sources on the machine itself: the credentials endpoint of a container (ECS, or the EKS Pod
// Identity agent), and the metadata service of an EC2 instance.
import { readFile } from 'node:fs/promises';
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { toNetworkError } from '../../net/network-error.js';
import { readContainerEndpoint } from './chain-source.js';
import { describeFileProblem } from './file-problem.js';
import type { FailedProvider } from './load-credentials.js';
import { toTemporaryFailure } from './request-failure.js';

const TOKEN_FILE = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';

export function describeContainerEndpoint(): string {
  const { variable, url } = readContainerEndpoint();
  return `the container credentials endpoint${url ? ` at ${url.host}` : ''} (${variable})`;
}

/** @param place starts the message */
export async function toContainerFailure(
  place: string,
  { request }: FailedProvider,
): Promise<RefreshFailure> {
  const { variable, url } = readContainerEndpoint();
  const fail = (words: string, remedy: Remedy): RefreshFailure =>
    new RefreshFailure('AwsCredentialsMissing', `${place}: ${words}`, remedy);
  if (!url) return fail(`${variable} is not a valid URL`, AWS_REMEDIES.fixContainerUrl);
  const tokenFault = await findTokenFileFault();
  if (tokenFault !== undefined) return fail(tokenFault, AWS_REMEDIES.mountContainerToken);
  if (!request)
    return fail(`the SDK does not call ${url.protocol}//${url.host}`, AWS_REMEDIES.useContainerHttps);
  const temporary = toTemporaryFailure(place, request, AWS_REMEDIES.checkAgent);
  if (temporary) return temporary;
  const { status = 0 } = request;
  if (status < 400)
    return new RefreshFailure(
      'AwsUnavailable',
      `${place}: the response has no credentials (HTTP ${status})`,
      AWS_REMEDIES.checkContainerEndpoint,
    );
  return fail(`returned HTTP ${status}`, AWS_REMEDIES.checkTaskRole);
}

async function findTokenFileFault(): Promise<string | undefined> {
  const file = process.env[TOKEN_FILE];
  if (!file) return undefined;
  try {
    const token = await readFile(file, 'utf8');
    if (token.trim() === '') return `${TOKEN_FILE}: ${file} is empty`;
    return /[\r\n]/.test(token) ? `${TOKEN_FILE}: ${file} contains a line break` : undefined;
  } catch (error) {
    return `${TOKEN_FILE}: ${file} cannot be read: ${describeFileProblem(error)?.words ?? 'unknown reason'}`;
  }
}

/** @param place starts the message */
export function toInstanceFailure(place: string, { request }: FailedProvider): RefreshFailure {
  const fail = (words: string, remedy?: Remedy): RefreshFailure =>
    new RefreshFailure('AwsCredentialsMissing', `${place}${words}`, remedy);
  // Without a response, this is probably not an instance.
  if (!request || request.status === undefined)
    return fail(
      ` did not respond${request ? `: ${toNetworkError(request.error).message}` : ''}`,
      AWS_REMEDIES.giveCredentials,
    );
  const temporary = toTemporaryFailure(place, request, AWS_REMEDIES.retried);
  if (temporary) return temporary;
  if (request.status === 404)
    return fail(': no IAM role is attached to the instance', AWS_REMEDIES.attachProfile);
  if (request.status >= 400) return fail(` returned HTTP ${request.status}`, AWS_REMEDIES.enableMetadata);
  return new RefreshFailure(
    'AwsUnavailable',
    `${place}: the response has no credentials (HTTP ${request.status})`,
    AWS_REMEDIES.checkMetadata,
  );
}
