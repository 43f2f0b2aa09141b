// Schemas of the activities' inputs, checked before anything in them is looked up: anyone who can reach the task
// queue can send any input. An input may ask for no more work than a run does.
import { z } from 'zod';
import type {
  DockerInput,
  ExtractInput,
  InspectInput,
  PlanInput,
  UpdateInput,
} from '../refresh/activity-types.js';
import { MAX_NAME_CHARS } from '../refresh/config-limits.js';
import { RefreshFailure } from '../refresh/failures.js';
import { ROWS_PER_PAGE } from '../refresh/list-walk.js';
import { parseScheduledStores, type ScheduledStore } from '../refresh/scheduled-stores.js';
import { CONNECTIONS_PER_UPDATE, NAMED_PER_INSPECTION } from '../refresh/store-limits.js';

/** More than in any run: retries of a step are up to five minutes apart. */
const MAX_ATTEMPTS = 10_000;

const name = z.string().max(MAX_NAME_CHARS);
/** What one step of a run names at most: the connections of a page, or their registries. */
const names = z
  .array(name)
  .min(1)
  .max(CONNECTIONS_PER_UPDATE)
  .refine((items) => new Set(items).size === items.length)
  .readonly();

function rangeOf(most: number) {
  return z.strictObject({
    // The last row of a list, or name of a file, is far below.
    offset: z.number().int().nonnegative().max(1_000_000),
    limit: z.number().int().positive().max(most),
  });
}

const rows = rangeOf(ROWS_PER_PAGE);
const attemptsBefore = z.number().int().nonnegative().max(MAX_ATTEMPTS);

/** Only compared with the configuration, and shown. */
export const PLAN_INPUT: z.ZodType<PlanInput> = z.strictObject({
  scheduledStores: z
    .custom<readonly ScheduledStore[]>((value) => parseScheduledStores(value) !== undefined)
    .exactOptional(),
});
export const INSPECT_INPUT: z.ZodType<InspectInput> = z.strictObject({
  configHash: name,
  store: name,
  target: z.union([
    z.strictObject({ named: rangeOf(NAMED_PER_INSPECTION) }),
    z.strictObject({ listed: rows }),
    z.strictObject({ connections: names }),
  ]),
  attemptsBefore,
});
export const EXTRACT_INPUT: z.ZodType<ExtractInput> = z.strictObject({
  configHash: name,
  group: name,
  registries: names,
});
export const UPDATE_INPUT = z.strictObject({
  configHash: name,
  store: name,
  registry: name,
  group: name,
  connections: names,
  listed: rows.optional(),
  attemptsBefore,
  witness: name.optional(),
}) as z.ZodType<UpdateInput>;
export const DOCKER_INPUT: z.ZodType<DockerInput> = z.strictObject({
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
