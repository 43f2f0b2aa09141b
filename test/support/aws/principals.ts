import { randomBytes } from 'node:crypto';
import type { Principal } from '../../../sandbox/aws/answers.js';
import { refuseAs } from './errors.js';

/** Temporary credentials, as AssumeRole returns them. */
export interface RoleSession extends Principal {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ISO 8601. */
  expiration: string;
  assumedRoleId: string;
}

/**
 * Creates a session of a role, in the account of its ARN.
 * @throws AwsRefusal when the ARN is not a role ARN
 */
export function makeRoleSession(roleArn: string, sessionName: string, expiresAt: number): RoleSession {
  const match = /^arn:([\w-]+):iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn);
  if (match === null) throw refuseAs('ValidationError', `${roleArn} is invalid`);
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
