// The two sources from which an AWS machine gets its role's credentials: the container endpoint, and the EC2 instance
// metadata service (version 2). Both return sessions of the AWS stand-in to callers with the right token.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { AwsStandIn, RoleSession } from './aws.js';
import { playFault, type Fault } from './fault.js';
import { sendJson, sendText, startLocalServer } from '../../sandbox/local-server.js';

/** A running source of credentials. */
export interface CredentialsSource {
  url: string;
  /** Apply after the environment of the stand-in: it removes the static keys. */
  env: Record<string, string>;
  /** `METHOD path` of every request, including rejected ones, oldest first. */
  requests: string[];
  /** Sets the lifetime of later credentials; default 3,600 s. */
  setLife(seconds: number): void;
  /** Injects a fault into each request that the hook selects; `undefined` ends this. */
  setFault(hook: ((request: string) => Fault | undefined) | undefined): void;
  stop: () => Promise<void>;
}

export interface CredentialsOptions {
  aws: Pick<AwsStandIn, 'openSession'>;
  roleArn: string;
}

/** Static keys would take precedence over these sources in the SDK's chain. */
const NO_STATIC_KEYS = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
};

/** Starts the endpoint of ECS and of EKS Pod Identity. Its token is in a file in `stateFolder`. */
export async function startContainerCredentials(
  options: CredentialsOptions & { stateFolder: string },
): Promise<CredentialsSource> {
  const token = randomBytes(24).toString('base64url');
  mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
  const tokenFile = join(options.stateFolder, 'container-token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const source = await startSource((request, response, lifeSeconds) => {
    if (request.headers.authorization !== token) {
      sendJson(response, 401, { code: 'AccessDenied', message: 'The authorization token is not valid' });
      return;
    }
    const session = options.aws.openSession(options.roleArn, 'container', lifeSeconds);
    sendJson(response, 200, { ...getKeys(session), RoleArn: options.roleArn });
  });
  return {
    ...source,
    env: {
      ...NO_STATIC_KEYS,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${source.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
  };
}

const METADATA_ROLES = '/latest/meta-data/iam/security-credentials/';

/** Starts the metadata service of an EC2 instance with a role. */
export async function startInstanceMetadata(options: CredentialsOptions): Promise<CredentialsSource> {
  const token = randomBytes(24).toString('base64url');
  const role = options.roleArn.split('/').at(-1) ?? '';
  const source = await startSource((request, response, lifeSeconds) => {
    const { method, url = '', headers } = request;
    if (method === 'PUT' && url === '/latest/api/token') {
      const ttl = headers['x-aws-ec2-metadata-token-ttl-seconds']?.toString();
      if (ttl === undefined) sendText(response, 400, '');
      else sendText(response, 200, token, { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': ttl });
    } else if (headers['x-aws-ec2-metadata-token'] !== token) {
      sendText(response, 401, '');
    } else if (url === METADATA_ROLES) {
      sendText(response, 200, role);
    } else if (url === METADATA_ROLES + role) {
      const session = options.aws.openSession(options.roleArn, 'i-0123456789abcdef0', lifeSeconds);
      const about = { Code: 'Success', LastUpdated: new Date().toISOString(), Type: 'AWS-HMAC' };
      sendJson(response, 200, { ...about, ...getKeys(session) });
    } else {
      sendText(response, 404, '');
    }
  });
  return {
    ...source,
    env: {
      ...NO_STATIC_KEYS,
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: source.url,
    },
  };
}

type Answer = (request: IncomingMessage, response: ServerResponse, lifeSeconds: number) => void;

async function startSource(answer: Answer): Promise<Omit<CredentialsSource, 'env'>> {
  const requests: string[] = [];
  let lifeSeconds = 3_600;
  let hook: ((request: string) => Fault | undefined) | undefined;
  const server = await startLocalServer(async (request, response) => {
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    if (!(await playFault(hook?.(line), response))) answer(request, response, lifeSeconds);
  });
  return {
    url: server.url,
    requests,
    setLife: (seconds) => void (lifeSeconds = seconds),
    setFault: (next) => void (hook = next),
    stop: server.stop,
  };
}

function getKeys(session: RoleSession): Record<string, string> {
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    Token: session.sessionToken,
    Expiration: session.expiration,
  };
}
