// Owns who is who in the AWS stand-in: the account and ARN behind each access key, and the keys of assumed roles.
import { randomBytes } from 'node:crypto';
import { AwsRefusal } from './errors.js';

/** The identity behind an access key. */
export interface Principal {
  /** Twelve digits. */
  account: string;
  arn: string;
}

/** Temporary credentials, as AssumeRole hands them out. */
export interface RoleSession extends Principal {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ISO 8601. */
  expiration: string;
  assumedRoleId: string;
}

/** What an unknown access key is: one assumed role, so that a sandbox needs no configuration. */
export const DEFAULT_PRINCIPAL: Principal = {
  account: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox',
};

/**
 * Makes a session of a role, in the account that its ARN names.
 * @throws AwsRefusal when it is no role ARN
 */
export function makeRoleSession(roleArn: string, sessionName: string, expiresAt: number): RoleSession {
  const match = /^arn:([\w-]+):iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn);
  if (match === null) throw new AwsRefusal('ValidationError', `${roleArn} is invalid`);
  const [, partition = '', account = '', role = ''] = match;
  return {
    account,
    arn: `arn:${partition}:sts::${account}:assumed-role/${role}/${sessionName}`,
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(300).toString('base64'),
    expiration: new Date(expiresAt).toISOString(),
    assumedRoleId: `AROA${randomBytes(8).toString('hex').toUpperCase()}:${sessionName}`,
  };
}
