// Owns the forms of single values in the configuration file: references, names, durations, ids, patterns.
// Refuses nothing that spans two settings.
import { z } from 'zod';
import { CONNECTION_ID, MAX_CONNECTION_ID_CHARS } from '../../refresh/connection-rules.js';

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

export const secretReference = z.union([environmentReference, fileReference], {
  error: ({ input }) =>
    isScalar(input)
      ? `stands here in clear; a secret must be given as ${REFERENCE_FORMS}`
      : `is no reference; it must be ${REFERENCE_FORMS}`,
});

export const valueOrReference = z.union([z.string().min(1).max(2048), environmentReference, fileReference], {
  error: ({ input }) =>
    isScalar(input) ? 'is not text' : `is neither text nor a reference, ${REFERENCE_FORMS}`,
});

/** Names of airflows and registries. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'must be made of lower-case letters, digits and hyphens, at most 63, and begin with no hyphen',
});

/** `airflow` stands beside the key, since two Airflows may keep different values under one key. */
const airflowVariable = z.strictObject({
  airflowVariable: z
    .string()
    .max(250)
    // Airflow takes any text; blanks and slashes are slips of the pen, and `..` would lead a URL elsewhere.
    .regex(/^(?!\.{1,2}$)[^\s/]+$/, { error: 'is no key of an Airflow Variable: no blanks, no slashes' })
    .meta({ description: 'Key of the Airflow Variable.', examples: ['ecr_aws_account'] }),
  airflow: nameSchema.meta({
    description: 'Name of the airflow of this configuration that keeps it.',
    examples: ['main'],
  }),
});

/** A value that may also be kept in an Airflow, and is read there by each run. */
export const valueOrVariable = z.union([...valueOrReference.options, airflowVariable], {
  error: ({ input }) =>
    isScalar(input)
      ? 'is not text'
      : 'is neither text, nor {env: NAME}, {file: PATH} or {airflowVariable: KEY, airflow: NAME}',
});

/** A whole number and its unit. */
export const DURATION = /^\d{1,6}(s|m|h|d)$/;

export const duration = z
  .string()
  .regex(DURATION, { error: 'is no duration: a whole number and its unit, s, m, h or d' });

export const connectionId = z.string().max(MAX_CONNECTION_ID_CHARS).regex(CONNECTION_ID, {
  error: 'is no connection id: letters, digits, dots, hyphens and underscores, and not dots alone',
});

/** What an id may be made of, and the two characters that stand for others. */
export const connectionPattern = z
  .string()
  .max(200)
  .regex(/^(?!\.+$)[\w.*?-]+$/, {
    error:
      'is no pattern of connection ids: letters, digits, dots, hyphens and underscores, `*` for any number of ' +
      'them, `?` for one, and not dots alone',
  });

function isScalar(input: unknown): boolean {
  return typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean';
}
