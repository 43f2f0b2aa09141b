// Failures of profiles that use a login of `aws sso login` or `aws login`.
import { RefreshFailure } from '../../refresh/failures.js';
import { toForeignFailure } from '../aws-error.js';
import type { AwsFiles } from './aws-files.js';
import type { FailedProvider } from './load-credentials.js';
import { findLoginFault, toLoginRemedy } from './login-cache.js';
import type { ProfileEnd } from './profile.js';
import { toTemporaryFailure } from './request-failure.js';

const NETWORK_REMEDY =
  'Check the network, DNS and proxy between the worker and this host. The run retries automatically.';

export async function toLoginFailure(
  place: string,
  end: ProfileEnd,
  { request }: FailedProvider,
  files: AwsFiles,
): Promise<RefreshFailure> {
  const { kind, profile, section } = end;
  const fault = await findLoginFault(end, files);
  if (fault) return new RefreshFailure('AwsCredentialsMissing', `${place}: ${fault.reason}`, fault.remedy);
  if (request) {
    const where = `${place}: ${kind === 'sso' ? 'SSO' : 'aws login'} at ${request.host}`;
    const temporary = toTemporaryFailure(where, request, NETWORK_REMEDY);
    if (temporary) return temporary;
    const { status = 0 } = request;
    if (request.isFromAws !== true) return toForeignFailure(where, status);
    if (kind === 'sso' && [403, 404].includes(status))
      return new RefreshFailure(
        'AwsAccessDenied',
        `${where}: the user has no access to role ${section['sso_role_name']} in account ${section['sso_account_id']}`,
        'Assign the permission set to the user in IAM Identity Center, or fix sso_account_id and sso_role_name ' +
          `of profile ${profile}.`,
      );
  }
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: ${kind === 'sso' ? 'the SSO session' : 'the session of aws login'} has expired`,
    toLoginRemedy(kind, profile),
  );
}
