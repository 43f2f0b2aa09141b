// The logins that `aws sso login` and `aws login` leave in the home folder, and the settings that they need.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { getHomeDir, getSSOTokenFilepath } from '@smithy/core/config';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { findSection, type AwsFiles } from './aws-files.js';
import { describeFileProblem } from './file-problem.js';
import type { ProfileEnd, SettingsFault } from './profile.js';

/** @returns undefined if settings and login are complete; the login may still be rejected */
export async function findLoginFault(
  { kind, profile, section }: ProfileEnd,
  files: AwsFiles,
): Promise<SettingsFault | undefined> {
  const settings = { ...section };
  const sessionName = settings['sso_session'];
  if (kind === 'sso') {
    const session = sessionName === undefined ? {} : findSection(files.ssoSessions, sessionName);
    if (!session) {
      return {
        reason: `the section [sso-session ${sessionName}] of profile ${profile} does not exist in ${files.config.path}`,
        remedy: AWS_REMEDIES.addSsoSession,
      };
    }
    Object.assign(settings, session);
    const missing = ['sso_start_url', 'sso_region', 'sso_account_id', 'sso_role_name'].filter(
      (key) => settings[key] === undefined,
    );
    if (missing.length > 0) {
      return {
        reason: `the SSO settings of profile ${profile} are incomplete: ${missing.join(', ')} missing`,
        remedy: AWS_REMEDIES.completeSso,
      };
    }
  }
  const file =
    kind === 'sso'
      ? getSSOTokenFilepath(sessionName ?? settings['sso_start_url'] ?? '')
      : toLoginFile(settings['login_session'] ?? '');
  const reason = await findTokenFault(file, describeSession(kind, profile));
  return reason === undefined ? undefined : { reason, remedy: toLoginRemedy(kind) };
}

/** Names the profile that has the session: it may be the source_profile of another. */
export function describeSession(kind: ProfileEnd['kind'], profile: string): string {
  return `${kind === 'sso' ? 'the SSO session' : 'the session of aws login'} of profile ${profile}`;
}

export function toLoginRemedy(kind: ProfileEnd['kind']): Remedy {
  return kind === 'sso' ? AWS_REMEDIES.logInSso : AWS_REMEDIES.logIn;
}

/** Source: `@aws-sdk/credential-provider-login`, release 3.1169. */
function toLoginFile(session: string): string {
  const folder =
    process.env['AWS_LOGIN_CACHE_DIRECTORY'] ?? path.join(getHomeDir(), '.aws', 'login', 'cache');
  return path.join(folder, `${createHash('sha256').update(session).digest('hex')}.json`);
}

async function findTokenFault(file: string, session: string): Promise<string | undefined> {
  try {
    const { expiresAt, refreshToken } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const hasExpired = typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now();
    return hasExpired && refreshToken === undefined ? `${session} has expired` : undefined;
  } catch (error) {
    const problem = describeFileProblem(error);
    if (problem?.isMissing) return `not logged in: ${session} does not exist (${file})`;
    return `${session} cannot be read: ${file}: ${problem?.words ?? 'it is not JSON'}`;
  }
}
