// Owns the one schema of the configuration file: every setting, its form, its default and its description, from
// which checks, docs/configuration.md and the JSON Schema follow. Refuses every setting that this release lacks.
import { z } from 'zod';

export const DEFAULTS = {
  scheduleId: 'ecr-refresh',
  every: '4h',
  timeZone: 'UTC',
  taskQueue: 'ecr-refresh',
  engine: 'unix:///var/run/docker.sock',
} as const;

const REFERENCE_FORMS = '{env: NAME} or {file: PATH}';

const environmentReference = z.strictObject({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'is no name of an environment variable' })
    .meta({ description: 'Environment variable that holds the value.', examples: ['AIRFLOW_PASSWORD'] }),
});

const fileReference = z.strictObject({
  file: z
    .string()
    .min(1)
    .max(4096)
    .meta({
      description:
        'File that holds the value, relative to the folder of the configuration file. One newline at its end is ' +
        'cut off; at most 64 KiB.',
      examples: ['secrets/airflow-password'],
    }),
});

const secretReference = z.union([environmentReference, fileReference], {
  error: ({ input }) =>
    isScalar(input)
      ? `stands here in clear; a secret must be given as ${REFERENCE_FORMS}`
      : `is no reference; it must be ${REFERENCE_FORMS}`,
});

const valueOrReference = z.union([z.string().min(1).max(2048), environmentReference, fileReference], {
  error: ({ input }) =>
    isScalar(input) ? 'is not text' : `is neither text nor a reference, ${REFERENCE_FORMS}`,
});

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'must be made of lower-case letters, digits and hyphens, at most 63, and begin with no hyphen',
});

/** A whole number and its unit. */
export const DURATION = /^\d{1,6}(s|m|h|d)$/;

const duration = z
  .string()
  .regex(DURATION, { error: 'is no duration: a whole number and its unit, s, m, h or d' });

/**
 * Airflow's own grammar of connection ids, but for slashes, and for `.` and `..`, with which a URL would lead
 * elsewhere; Airflow allows up to 250 characters.
 */
export const connectionIdSchema = z
  .string()
  .max(200)
  .regex(/^(?!\.{1,2}$)[\w.-]+$/, {
    error: 'is no connection id: letters, digits, dots, hyphens and underscores, and not dots alone',
  });

export const authSchema = z.strictObject({
  username: valueOrReference.meta({
    description: 'Airflow user that the worker signs in as.',
    examples: ['ecr-refresh'],
  }),
  password: secretReference.meta({
    description: 'Password of that user. Read anew at each sign-in, so that a rotated file is picked up.',
    examples: [{ env: 'AIRFLOW_PASSWORD' }],
  }),
});

export const airflowSchema = z.strictObject({
  name: name.meta({
    description:
      'Name of this Airflow in reports. At most 63 lower-case letters, digits and hyphens; unique.',
    examples: ['main'],
  }),
  url: valueOrReference.meta({
    description:
      'Address of Airflow, with its sub-path where it has one, without /api/v2. https:// only; http:// on ' +
      'loopback or with allowInsecureHttp.',
    examples: ['https://airflow.example.com'],
  }),
  auth: authSchema.meta({
    description: 'How the worker signs in.',
    examples: [{ username: 'ecr-refresh', password: { env: 'AIRFLOW_PASSWORD' } }],
  }),
  connections: z
    .array(connectionIdSchema)
    .min(1)
    .max(10_000)
    .meta({
      description:
        'Ids of the Airflow connections to keep fresh. Their registry is read from their host. Each at most 200 ' +
        'letters, digits, dots, hyphens and underscores; no id twice for the same URL.',
      examples: [['docker_default']],
    }),
  allowInsecureHttp: z
    .boolean()
    .default(false)
    .meta({
      description: 'Allows http:// beyond loopback. Password and tokens then cross the network in clear.',
      examples: [true],
    }),
});

export const registrySchema = z.strictObject({
  name: name.meta({
    description: 'Name of this registry. At most 63 lower-case letters, digits and hyphens; unique.',
    examples: ['sandbox'],
  }),
  region: valueOrReference.meta({
    description: 'AWS region whose ECR issues its tokens.',
    examples: ['us-east-1'],
  }),
  account: valueOrReference.meta({
    description: 'AWS account: twelve digits, in quotes, since YAML numbers lose leading zeros.',
    examples: ['123456789012'],
  }),
  registryHost: z
    .string()
    .max(260)
    .meta({
      description:
        'Host, with port where it has one, as the connections name it; lower case; unique. Not for hosts of ECR ' +
        'itself: they tell their account and region.',
      examples: ['127.0.0.1:5000'],
    }),
});

export const dockerSchema = z.strictObject({
  engines: z
    .array(z.string().min(1).max(1024))
    .max(20)
    .optional()
    .meta({
      description:
        'Docker Engines to test the sign-in from: unix:// with an absolute path. Named here, an engine must be ' +
        'there; the default one may be absent. An empty list tests with the registry alone. ' +
        `Default: DOCKER_HOST when it is unix://, else ${DEFAULTS.engine}.`,
      examples: [[DEFAULTS.engine]],
    }),
});

export const scheduleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,199}$/, {
      error: 'must be made of letters, digits, dots, hyphens and underscores, at most 200',
    })
    .default(DEFAULTS.scheduleId)
    .meta({ description: 'Id of the Temporal Schedule.', examples: ['ecr-refresh'] }),
  every: duration.optional().meta({
    description: `Time between two runs, at least 1m. Default: ${DEFAULTS.every}, unless cron is given.`,
    examples: [DEFAULTS.every],
  }),
  cron: z
    .string()
    .max(200)
    .optional()
    .meta({
      description:
        'Start times instead of every: minute, hour, day of month, month, day of week; numbers with * , - /. All ' +
        'five must match.',
      examples: ['0 */4 * * *'],
    }),
  timeZone: z
    .string()
    .max(100)
    .optional()
    .meta({
      description: `IANA time zone of cron. Default: ${DEFAULTS.timeZone}.`,
      examples: ['Europe/Berlin'],
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
      'intervals below 40m keep two eighths back instead of 10m.',
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
  airflows: z
    .array(airflowSchema)
    .min(1)
    .max(200)
    .meta({
      description: 'The Airflow deployments whose connections are kept fresh.',
      examples: [
        [
          {
            name: 'main',
            url: 'https://airflow.example.com',
            auth: { username: 'ecr-refresh', password: { env: 'AIRFLOW_PASSWORD' } },
            connections: ['docker_default'],
          },
        ],
      ],
    }),
  registries: z
    .array(registrySchema)
    .max(200)
    .default([])
    .meta({
      description:
        'Registries whose account and region cannot be read from their host, such as a local stand-in.',
      examples: [
        [{ name: 'sandbox', region: 'us-east-1', account: '123456789012', registryHost: '127.0.0.1:5000' }],
      ],
    }),
  docker: dockerSchema.prefault({}).meta({
    description: 'The test that Docker can sign in.',
    examples: [{ engines: [DEFAULTS.engine] }],
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
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function isScalar(input: unknown): boolean {
  return typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean';
}
