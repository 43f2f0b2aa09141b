// Failures of profiles that use a login of `aws sso login` or `aws login`.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import { toForeignFailure } from '../aws-error.js';
import type { AwsFiles } from './aws-files.js';
import type { FailedProvider } from './load-credentials.js';
import { describeSession, findLoginFault, toLoginRemedy } from './login-cache.js';
import type { ProfileEnd } from './profile.js';
import { toTemporaryFailure } from './request-failure.js';

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
    const temporary = toTemporaryFailure(where, request, AWS_REMEDIES.checkLoginNetwork);
    if (temporary) return temporary;
    const { status = 0 } = request;
    if (request.isFromAws !== true) return toForeignFailure(where, status);
    if (status < 400)
      return new RefreshFailure(
        'AwsUnavailable',
        `${where}: the response has no credentials (HTTP ${status})`,
        AWS_REMEDIES.checkLoginResponse,
      );
    if (kind === 'sso' && [403, 404].includes(status))
      return new RefreshFailure(
        'AwsAccessDenied',
        `${where}: the user has no access to role ${section['sso_role_name']} in account ${section['sso_account_id']}`,
        AWS_REMEDIES.assignPermissionSet,
      );
  }
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: ${describeSession(kind, profile)} has expired`,
    toLoginRemedy(kind),
  );
}
