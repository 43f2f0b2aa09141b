// Failures of the two sources on the machine itself: the credentials endpoint of a container (ECS, or the EKS Pod
// Identity agent), and the metadata service of an EC2 instance.
import { readFile } from 'node:fs/promises';
import { RefreshFailure } from '../../refresh/failures.js';
import { toNetworkError } from '../../net/network-error.js';
import { readContainerEndpoint } from './chain-source.js';
import { describeFileProblem } from './file-problem.js';
import type { FailedProvider } from './load-credentials.js';
import { toTemporaryFailure } from './request-failure.js';

const TOKEN_FILE = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';
const CONTAINER_REMEDY =
  'Check that the agent runs on the node and can be reached: the EKS Pod Identity agent (eks-pod-identity-agent), ' +
  'or the ECS agent. The run retries automatically.';

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
  const fail = (words: string, remedy: string): RefreshFailure =>
    new RefreshFailure('AwsCredentialsMissing', `${place}: ${words}`, remedy);
  if (!url) return fail(`${variable} is not a valid URL`, `Fix ${variable}.`);
  const tokenFault = await findTokenFileFault();
  if (tokenFault !== undefined) return fail(tokenFault, 'Mount the file of the token, or fix the variable.');
  if (!request)
    return fail(
      `the SDK does not call ${url.protocol}//${url.host}`,
      `Use https in ${variable}, or a loopback address, or the address of the ECS or EKS agent.`,
    );
  const temporary = toTemporaryFailure(place, request, CONTAINER_REMEDY);
  if (temporary) return temporary;
  const { status = 0 } = request;
  if (status < 400)
    return new RefreshFailure(
      'AwsUnavailable',
      `${place}: the response has no credentials (HTTP ${status})`,
      `Check that ${variable} names the endpoint, and that nothing responds instead of it. ` +
        'The run retries automatically.',
    );
  return fail(
    `returned HTTP ${status}`,
    'Check the task role (ECS), or the Pod Identity association of the service account (EKS), and the ' +
      `authorization token (${TOKEN_FILE}).`,
  );
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
  const fail = (words: string, remedy?: string): RefreshFailure =>
    new RefreshFailure('AwsCredentialsMissing', `${place}${words}`, remedy);
  // Without a response, this is probably not an instance.
  if (!request || request.status === undefined)
    return fail(
      ` did not respond${request ? `: ${toNetworkError(request.error).message}` : ''}`,
      'Give the worker AWS credentials: an IAM role for its instance, pod or task, or AWS_PROFILE. In a container ' +
        'on an EC2 instance, the hop limit of the instance metadata options must be at least 2.',
    );
  const temporary = toTemporaryFailure(place, request, 'The run retries automatically.');
  if (temporary) return temporary;
  if (request.status === 404)
    return fail(': no IAM role is attached to the instance', 'Attach an instance profile with a role.');
  if (request.status >= 400)
    return fail(
      ` returned HTTP ${request.status}`,
      'Enable the metadata service in the metadata options of the instance, or give the worker other credentials.',
    );
  return new RefreshFailure(
    'AwsUnavailable',
    `${place}: the response has no credentials (HTTP ${request.status})`,
    'Check that nothing responds instead of the metadata service. The run retries automatically.',
  );
}
