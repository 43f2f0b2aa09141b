import type { status } from '@grpc/grpc-js';
import { isGrpcServiceError } from '@temporalio/client';

/** A failed call; Temporal's client may wrap its error. Undefined for any other error. */
export function findGrpcError(
  error: unknown,
): { readonly code: status; readonly details: string } | undefined {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  if (!isGrpcServiceError(cause)) return undefined;
  // grpc-js adds code and text to a plain Error. The native client has a class of its own, whose message is what the
  // server says, and whose `details` are not text.
  const isNative = cause.constructor !== Error;
  return { code: cause.code, details: isNative ? cause.message : cause.details };
}

export function findGrpcStatus(error: unknown): status | undefined {
  return findGrpcError(error)?.code;
}
