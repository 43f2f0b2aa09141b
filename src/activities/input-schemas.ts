// Schemas of the activities' inputs, checked before anything in them is looked up: anyone who can reach the task
// queue can send any input.
import { z } from 'zod';
import type {
  DockerInput,
  ExtractInput,
  InspectInput,
  PlanInput,
  UpdateInput,
} from '../refresh/activity-types.js';
import { RefreshFailure } from '../refresh/failures.js';
import { parseScheduledStores, type ScheduledStore } from '../refresh/scheduled-stores.js';

const name = z.string();
const names = z.array(name).min(1).readonly();

/** A run never sends more; the last row of a list is far below. */
const range = z.object({
  offset: z.number().int().nonnegative().max(1_000_000),
  limit: z.number().int().positive().max(100),
});
const attemptsBefore = z.number().int().nonnegative();

/** Only compared with the configuration, and shown. */
export const PLAN_INPUT: z.ZodType<PlanInput> = z.strictObject({
  scheduledStores: z
    .custom<readonly ScheduledStore[]>((value) => parseScheduledStores(value) !== undefined)
    .exactOptional(),
});
export const INSPECT_INPUT: z.ZodType<InspectInput> = z.object({
  configHash: name,
  store: name,
  target: z.union([
    z.strictObject({ named: range }),
    z.strictObject({ listed: range }),
    z.strictObject({ connections: names }),
  ]),
  attemptsBefore,
});
export const EXTRACT_INPUT: z.ZodType<ExtractInput> = z.object({
  configHash: name,
  group: name,
  registries: names,
});
export const UPDATE_INPUT = z.object({
  configHash: name,
  store: name,
  registry: name,
  group: name,
  connections: names,
  listed: range.optional(),
  attemptsBefore,
  witness: name.optional(),
}) as z.ZodType<UpdateInput>;
export const DOCKER_INPUT: z.ZodType<DockerInput> = z.object({
  configHash: name,
  engine: name,
  registry: name,
  group: name,
});

/** @throws RefreshFailure InputNotAllowed when the input does not match */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  // The input is not shown: it came from outside and may be anything.
  throw new RefreshFailure('InputNotAllowed', 'The activity received an invalid input.');
}
