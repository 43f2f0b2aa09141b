// The part of the failure catalogue for AWS credentials, ECR, tokens and pulls.
import type { FailureEntry } from './failure-entry.js';

export const TOKEN_FAILURES = {
  AwsCredentialsMissing: {
    scope: 'token group',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'No source of AWS credentials returned any that can be used. The message names the source, such as a profile, ' +
      'a program or an endpoint, and what is wrong with it.',
    remedy: 'Give the worker AWS credentials: an IAM role for its instance, pod or task, or AWS_PROFILE.',
  },
  AwsCredentialsRejected: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'operator',
    meaning:
      'AWS rejected the credentials of the worker: they are expired, revoked or mistyped. Reloading them did not help.',
    remedy: 'Renew the AWS credentials of the worker; the run resumes automatically.',
  },
  AwsAccessDenied: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'AWS administrator',
    meaning:
      'The AWS principal is not authorized to get an ECR authorization token, or to assume the configured role.',
    remedy:
      'Allow ecr:GetAuthorizationToken on resource "*" for the principal; the run resumes automatically.',
  },
  AwsClockSkewed: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'operator',
    meaning: 'The clock of the worker is off by more than AWS tolerates, and the SDK could not correct it.',
    remedy: 'Synchronize the clock of the worker (NTP); the run resumes automatically.',
  },
  AwsThrottled: {
    scope: 'token group',
    retryable: true,
    whoActs: 'no one',
    meaning: 'AWS throttled the request.',
    remedy: 'No action needed: the run waits and retries.',
  },
  AwsUnavailable: {
    scope: 'token group',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'AWS or a source of credentials could not be reached or returned a server error, or a proxy responded instead.',
    remedy: 'Check the network, DNS, proxy and VPC endpoints between the worker and AWS.',
  },
  EcrResponseInvalid: {
    scope: 'token group',
    retryable: false,
    whoActs: 'operator',
    meaning: 'The response from ECR has no usable authorization token. No connection was changed.',
    remedy: 'Check for a proxy or custom endpoint that intercepts requests to ECR.',
  },
  TokenRejected: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning: 'The registry rejected the new token. The connections of this registry were not changed.',
    remedy:
      'Check the account and region in the host of the registry. If the registry belongs to another account than the ' +
      'AWS principal, check that the policy of the registry allows the principal.',
  },
  RegistryRealmForeign: {
    scope: 'registry',
    retryable: false,
    whoActs: 'operator',
    meaning:
      'The registry sends logins to another host (its auth realm), or the realm cannot be read. Docker could send the ' +
      'token to another host, so the token was not sent, and the connections of this registry were not changed.',
    remedy: 'Check DNS, proxies and `registryHost`: another server seems to respond for this host.',
  },
  RegistryPullDenied: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning:
      'The principal can log in to the registry, but cannot pull the image configured in `docker.probe`. The ' +
      'connections were refreshed anyway.',
    remedy:
      'Allow ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability on the repository for ' +
      'the principal. If another account owns the repository, also allow them in its policy. For a pull-through ' +
      'cache, also allow ecr:BatchImportUpstreamImage and ecr:CreateRepository.',
  },
} as const satisfies Record<string, FailureEntry>;
