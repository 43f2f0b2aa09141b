// The schema of the whole configuration file.
import { z } from 'zod';
import type { ConfigFolder } from '../config-folder.js';
import { createAirflowsSchema } from './airflows.js';
import { createDockerSchema, DEFAULT_ENGINE } from './docker.js';
import { isMapping } from './checks.js';
import { createRegistriesSchema } from './registries.js';
import { scheduleId, scheduleSchema } from './schedule.js';
import type { StoreSection } from './stores.js';
import { checkEntries } from './entries.js';

const DEFAULT_TASK_QUEUE = 'ecr-refresh';

export const AIRFLOWS: StoreSection = { key: 'airflows', createSchema: createAirflowsSchema };

/** The sections for stores of every kind. */
export const STORE_SECTIONS: readonly StoreSection[] = [AIRFLOWS];

const taskQueue = z
  .string()
  .regex(/^[A-Za-z0-9][\w./:-]{0,199}$/, {
    error:
      'may have at most 200 characters: letters, digits and `. _ / : -`; must begin with a letter or digit',
  })
  .default(DEFAULT_TASK_QUEUE)
  .meta({
    description:
      'Temporal task queue of the worker. Address, namespace, TLS and API key are set in TEMPORAL_* variables or ' +
      'temporal.toml instead.',
    examples: [DEFAULT_TASK_QUEUE],
  });

const temporalSchema = z.strictObject({ taskQueue });

/** The part that names the schedule in Temporal; everything else in the file is ignored. */
export const scheduleTargetSchema = z.object({
  schedule: z.object({ id: scheduleId }).prefault({}),
  temporal: z.object({ taskQueue }).prefault({}),
});

/** The top level of the file. */
export function createConfigSchema(
  folder: ConfigFolder,
  storeSections: readonly StoreSection[] = STORE_SECTIONS,
) {
  // Not in the type: their keys depend on the kinds of stores. `listStores` reads them.
  const stores: object = Object.fromEntries(
    storeSections.map(({ key, createSchema }) => [key, createSchema(folder)]),
  );
  const storeKeys = storeSections.map(({ key }) => key);
  return z
    .strictObject({
      version: z.literal(1, { error: 'must be 1, the only version that this release supports' }).meta({
        description: 'Version of the configuration format.',
        examples: [1],
      }),
      ...stores,
      registries: createRegistriesSchema(folder),
      docker: createDockerSchema(folder)
        .prefault({})
        .meta({
          description: 'How to test that Docker can log in.',
          examples: [{ engines: [DEFAULT_ENGINE] }],
        }),
      schedule: scheduleSchema.prefault({}).meta({
        description: 'When runs start, and how long each retries.',
        examples: [{ id: 'ecr-refresh', every: '4h', jitter: '5m' }],
      }),
      temporal: temporalSchema.prefault({}).meta({
        description: 'Temporal settings of the worker.',
        examples: [{ taskQueue: DEFAULT_TASK_QUEUE }],
      }),
    })
    .superRefine((file, context) => checkEntries(file, storeKeys, context), {
      when: ({ value }) => isMapping(value),
    });
}
