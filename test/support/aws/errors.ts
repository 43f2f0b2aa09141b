// AWS errors by name, with AWS's HTTP status and message.
import { AwsRefusal } from '../../../sandbox/aws/refusal.js';

const AWS_ERRORS = {
  ThrottlingException: [400, 'Rate exceeded'],
  AccessDeniedException: [
    400,
    'User: arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action',
  ],
  ExpiredTokenException: [400, 'The security token included in the request is expired'],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
  InvalidParameterException: [400, 'Invalid parameter'],
  InvalidSignatureException: [
    400,
    'The request signature we calculated does not match the signature you provided.',
  ],
  MissingAuthenticationTokenException: [403, 'Request is missing Authentication Token'],
  UnknownOperationException: [400, 'The stand-in does not implement this operation'],
  UnsupportedCommandException: [400, 'This command is only supported in us-east-1.'],
  ServerException: [500, 'These errors are usually caused by a server-side issue.'],
  // the names that STS uses
  Throttling: [400, 'Rate exceeded'],
  AccessDenied: [403, 'User is not authorized to perform: sts:AssumeRole on the given role'],
  ExpiredToken: [400, 'The security token included in the request is expired'],
  InvalidClientTokenId: [403, 'The security token included in the request is invalid.'],
  InvalidIdentityToken: [
    400,
    'The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.',
  ],
  MissingAuthenticationToken: [403, 'Request is missing Authentication Token'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided.',
  ],
  ValidationError: [400, 'The request is not valid'],
} as const satisfies Record<string, readonly [number, string]>;

/** The name of an AWS error that the stand-in can return. */
export type AwsErrorName = keyof typeof AWS_ERRORS;

/** The AWS error with this name. @param message default: AWS's message */
export function refuseAs(name: AwsErrorName, message?: string): AwsRefusal {
  const [status, usual] = AWS_ERRORS[name];
  return new AwsRefusal(name, status, message ?? usual);
}
