// Decodes values from Temporal, in the worker, in its workflow, and in the commands. It is part of the workflow bundle.
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/**
 * As the SDK's default, except that a payload that cannot be decoded is undefined: anyone who can write to the
 * namespace can use another encoding, and an error here would make Temporal retry the task until the run times out.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload(payload);
    } catch {
      return undefined as T;
    }
  },
};
