// The part of the catalogue between a principal and its registries: credentials, ECR, tokens and pulls.
import type { FailureEntry } from './failure-entry.js';

export const TOKEN_FAILURES = {
  AwsCredentialsMissing: {
    scope: 'token group',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'The AWS SDK found no credentials in its default chain, in the profile, or in the file of the web identity.',
    remedy: 'Give the worker AWS credentials: a role of its instance, pod or task, or AWS_PROFILE.',
  },
  AwsCredentialsRejected: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'operator',
    meaning:
      'AWS does not accept the credentials of the worker: expired, revoked or mistyped. They were read anew once, and ' +
      'that did not help.',
    remedy: 'Renew the AWS credentials of the worker; the run resumes automatically.',
  },
  AwsAccessDenied: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'AWS administrator',
    meaning:
      'The AWS principal may not get an ECR authorization token, or not assume the role that it should.',
    remedy:
      'Allow ecr:GetAuthorizationToken on resource "*" to the principal; the run resumes automatically.',
  },
  AwsClockSkewed: {
    scope: 'token group',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'operator',
    meaning: 'The clock of the worker is off by more than AWS bears, and the SDK could not make up for it.',
    remedy: 'Set the clock of the machine of the worker right (NTP); the run resumes automatically.',
  },
  AwsThrottled: {
    scope: 'token group',
    retryable: true,
    whoActs: 'no one',
    meaning: 'ECR asked for fewer requests.',
    remedy: 'Nothing: the run waits and tries again.',
  },
  AwsUnavailable: {
    scope: 'token group',
    retryable: true,
    whoActs: 'operator',
    meaning: 'ECR could not be reached, or failed on its side.',
    remedy: 'Check network, DNS, proxy and VPC endpoints between the worker and ECR.',
  },
  EcrResponseInvalid: {
    scope: 'token group',
    retryable: false,
    whoActs: 'operator',
    meaning: 'ECR answered with something that is no usable authorization token. Nothing was written.',
    remedy: 'Look for a proxy or a custom endpoint that answers in place of ECR.',
  },
  TokenRejected: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning: 'The registry itself refuses the fresh token. Its connections were left alone.',
    remedy:
      'Check that account and region are those of the registry, and that its policy admits the principal.',
  },
  RegistryRealmForeign: {
    scope: 'registry',
    retryable: false,
    whoActs: 'operator',
    meaning:
      'The registry asks for the sign-in to be sent to another host than its own. No token was sent there, and its ' +
      'connections were left alone: Docker would send them there.',
    remedy:
      'Find out who answers in place of the registry: DNS, a proxy, or the `registryHost` of the entry.',
  },
  RegistryPullDenied: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning:
      'The registry signs the principal in, and does not let it pull the image that `docker.probe` names. The ' +
      'connections were refreshed all the same.',
    remedy:
      'Allow ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability on the repository to ' +
      'the principal; for another account also in the policy of the repository, for a pull-through cache also ' +
      'ecr:BatchImportUpstreamImage and ecr:CreateRepository.',
  },
} as const satisfies Record<string, FailureEntry>;
