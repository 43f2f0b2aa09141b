// Owns the one schema of the configuration file: every setting, its form, its default and its description, from
// which checks, docs/configuration.md and the JSON Schema follow. Refuses every setting that this release lacks.
import { z } from 'zod';

import { airflowsSchema } from './airflows.js';
import { DEFAULT_ENGINE, dockerSchema } from './docker.js';
import { registriesSchema } from './registries.js';
import { duration } from './values.js';

export const DEFAULTS = {
  scheduleId: 'ecr-refresh',
  every: '4h',
  taskQueue: 'ecr-refresh',
} as const;

export const scheduleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,199}$/, {
      error: 'must be made of letters, digits, dots, hyphens and underscores, at most 200',
    })
    .default(DEFAULTS.scheduleId)
    .meta({ description: 'Id of the Temporal Schedule.', examples: ['ecr-refresh'] }),
  every: duration.optional().meta({
    description: `Time between two runs, at least 3m. Default: ${DEFAULTS.every}, unless cron is given.`,
    examples: [DEFAULTS.every],
  }),
  cron: z
    .string()
    .max(200)
    .optional()
    .meta({
      description:
        'Start times in UTC instead of every: minute, hour, day of month, month, day of week; numbers with * , - /. All ' +
        'five must match.',
      examples: ['0 */4 * * *'],
    }),
  jitter: duration.optional().meta({
    description:
      'Each run starts up to this much later, at random; less than half the interval. Default: 5m, or an eighth ' +
      'of the interval where that is less.',
    examples: ['5m'],
  }),
  retryFor: duration.optional().meta({
    description:
      'How long a run goes on trying what fails. Default, and most: the shortest interval less jitter and 10m; ' +
      'intervals below 40m keep two eighths back instead of 10m. At least 100s.',
    examples: ['3h'],
  }),
  allowNarrowMargin: z
    .boolean()
    .default(false)
    .meta({
      description: 'Allows a schedule under which an outage of less than 2 h may let a token expire.',
      examples: [true],
    }),
});

export const temporalSchema = z.strictObject({
  taskQueue: z
    .string()
    .regex(/^[A-Za-z0-9][\w./:-]{0,199}$/, {
      error: 'must begin with a letter or digit and go on with these or . _ / : -, at most 200',
    })
    .default(DEFAULTS.taskQueue)
    .meta({
      description:
        'Task queue of the worker. Address, namespace, TLS and API key come from TEMPORAL_* variables or ' +
        'temporal.toml instead.',
      examples: ['ecr-refresh'],
    }),
});

export const configSchema = z.strictObject({
  version: z
    .literal(1, {
      error: ({ input }) => (input === undefined ? 'is missing' : 'is none that this release knows'),
    })
    .meta({ description: 'Version of this format.', examples: [1] }),
  airflows: airflowsSchema,
  registries: registriesSchema,
  docker: dockerSchema.prefault({}).meta({
    description: 'The test that Docker can sign in.',
    examples: [{ engines: [DEFAULT_ENGINE] }],
  }),
  schedule: scheduleSchema.prefault({}).meta({
    description: 'When runs start, and how long each goes on trying.',
    examples: [{ id: 'ecr-refresh', every: '4h', jitter: '5m' }],
  }),
  temporal: temporalSchema.prefault({}).meta({
    description: 'The Temporal side of the worker.',
    examples: [{ taskQueue: 'ecr-refresh' }],
  }),
});

/** Value, type and place of every setting as JSON Schema, draft 2020-12. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;
}

/** The part of JSON Schema that this configuration uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
}
