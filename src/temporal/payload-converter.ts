// Decodes values from Temporal, in the worker, in its workflow, and in the commands. It is part of the workflow bundle.
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/**
 * As the SDK's default, except that a payload that cannot be decoded is undefined: anyone who can write to the
 * namespace can use another encoding, and an error here would make Temporal retry the task until the run times out.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload: decode as PayloadConverter['fromPayload'],
};

function decode(payload: Payload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}
