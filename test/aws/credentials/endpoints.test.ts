import { describeFaults, FOREIGN, respond, type Case } from './faults.js';

const ENDPOINT = 'the container credentials endpoint at HOST (AWS_CONTAINER_CREDENTIALS_FULL_URI)';
const TOKEN_FILE = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';
const AGENT = /^Check that the agent runs on the node/;

const CONTAINERS: readonly Case[] = [
  {
    title: 'container endpoint that does not listen',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/v1/credentials' },
    type: 'AwsUnavailable',
    message:
      'the container credentials endpoint at 127.0.0.1:1 (AWS_CONTAINER_CREDENTIALS_FULL_URI): connection refused',
    remedy: AGENT,
  },
  {
    title: 'container endpoint that throttles',
    answer: respond(429, {}),
    type: 'AwsThrottled',
    message: `${ENDPOINT} throttled the request (HTTP 429)`,
    remedy: /^No action needed/,
  },
  {
    title: 'container endpoint with a server error',
    answer: respond(500, {}),
    type: 'AwsUnavailable',
    message: `${ENDPOINT} returned a server error (HTTP 500)`,
    remedy: AGENT,
  },
  {
    title: 'container endpoint that rejects the request',
    answer: respond(404, { Code: 'ResourceNotFoundException', Message: FOREIGN }),
    message: `${ENDPOINT}: returned HTTP 404`,
    remedy: /task role \(ECS\), or the Pod Identity association/,
  },
  {
    title: 'container endpoint that returns a page',
    answer: respond(200, `<html>${FOREIGN}</html>`),
    type: 'AwsUnavailable',
    message: `${ENDPOINT}: the response has no credentials (HTTP 200)`,
    remedy: /nothing responds instead of it/,
  },
  {
    title: 'container token file that does not exist',
    env: { [TOKEN_FILE]: 'FOLDER/token' },
    message: `${ENDPOINT}: ${TOKEN_FILE}: FOLDER/token cannot be read: no such file`,
    remedy: /^Mount the file/,
  },
  {
    title: 'container token file that is empty',
    files: { token: '' },
    env: { [TOKEN_FILE]: 'FOLDER/token' },
    answer: respond(401, {}),
    message: `${ENDPOINT}: ${TOKEN_FILE}: FOLDER/token is empty`,
    remedy: /^Mount the file/,
  },
  {
    title: 'container endpoint with plain http on another machine',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.invalid/v1' },
    message:
      'the container credentials endpoint at example.invalid (AWS_CONTAINER_CREDENTIALS_FULL_URI): the SDK does not ' +
      'call http://example.invalid',
    remedy: /^Use https/,
  },
  {
    title: 'container endpoint that is not a URL',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'v1/credentials' },
    message:
      'the container credentials endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI): AWS_CONTAINER_CREDENTIALS_FULL_URI ' +
      'is not a valid URL',
    remedy: /^Set the variable to the URL/,
  },
];

const INSTANCE = 'the instance metadata service';
const METADATA = { AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: 'URL' };

const INSTANCES: readonly Case[] = [
  {
    title: 'no source, and no metadata service',
    env: { ...METADATA, AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' },
    message: `${INSTANCE} did not respond: connection refused`,
    remedy: /^Give the worker AWS credentials: .* hop limit/,
  },
  {
    title: 'no source, and the metadata service disabled',
    message:
      'the default chain of the AWS SDK found none: no variable for them is set, FOLDER/config and ' +
      'FOLDER/credentials have no profile default with credentials, and AWS_EC2_METADATA_DISABLED is set',
    remedy: /^Give the worker AWS credentials/,
  },
  {
    title: 'instance without a role',
    env: METADATA,
    answer: (request, response) => respond(request.method === 'PUT' ? 200 : 404, 'x')(request, response),
    message: `${INSTANCE}: no IAM role is attached to the instance`,
    remedy: /^Attach an instance profile/,
  },
  {
    title: 'instance whose metadata service rejects requests',
    env: METADATA,
    answer: respond(403, ''),
    message: `${INSTANCE} returned HTTP 403`,
    remedy: /^Enable the metadata service/,
  },
  {
    title: 'instance whose metadata service fails',
    env: METADATA,
    answer: respond(503, ''),
    type: 'AwsUnavailable',
    message: `${INSTANCE} returned a server error (HTTP 503)`,
    remedy: /retries automatically/,
  },
];

describeFaults(
  'a container endpoint',
  { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'URL/v1/credentials' },
  CONTAINERS,
);
describeFaults('an instance', {}, INSTANCES);
