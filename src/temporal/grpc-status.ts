import type { status } from '@grpc/grpc-js';
import { isGrpcServiceError } from '@temporalio/client';

/** The status of a failed call; Temporal's client may wrap it. Undefined for any other error. */
export function findGrpcStatus(error: unknown): status | undefined {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}
