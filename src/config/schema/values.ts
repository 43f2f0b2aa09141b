// Single values: text, references, secrets, names, durations.
import ms from 'ms';
import { z } from 'zod';
import { CONNECTION_ID, CONNECTION_PATTERN, describeIdProblem } from '../../refresh/connection-id.js';
import type { AirflowVariable } from '../../refresh/registry-entries.js';
import type { Fault, Reading } from '../config-error.js';
import { Reference, toReadSecret, type CheckValue } from '../references.js';
import { convert, report } from './checks.js';
import { CONFIG_LIMITS } from '../../refresh/config-limits.js';

const REFERENCE_FORMS = '{env: NAME} or {file: PATH}';

/** References as written, for JSON Schema: zod sees the Reference objects that have replaced them. */
const VARIABLE_FORM = toJsonForm('env', 'NAME', {
  pattern: '^[A-Za-z_]\\w*$',
  patternErrorMessage: 'must be the name of an environment variable',
  description: 'Environment variable that contains the value.',
  examples: ['AIRFLOW_PASSWORD'],
});
const FILE_FORM = toJsonForm('file', 'PATH', {
  minLength: 1,
  description:
    'File that contains the value, relative to the folder of the configuration file; at most 64 KiB. A trailing ' +
    'newline is not part of the value.',
  examples: ['secrets/airflow-password'],
});

function toJsonForm(key: string, name: string, value: object): Record<string, unknown> {
  return {
    title: `{${key}: ${name}}`,
    type: 'object',
    properties: { [key]: { type: 'string', ...value } },
    required: [key],
    additionalProperties: false,
  };
}

/** By default, an issue of a custom schema of zod would skip the checks across settings. */
const CONTINUE = { abort: false };
const variableReference = z
  .custom<Reference>((value) => value instanceof Reference && 'env' in value, CONTINUE)
  .meta(VARIABLE_FORM);
const fileReference = z
  .custom<Reference>((value) => value instanceof Reference && 'file' in value, CONTINUE)
  .meta(FILE_FORM);
const plainText = z.string().min(1).max(CONFIG_LIMITS.textChars);

/** Text, or a reference to it. */
export const textSetting = z.union([plainText, variableReference, fileReference], {
  error: ({ input }) => (isScalar(input) ? 'must be text' : `must be text, ${REFERENCE_FORMS}`),
});

/** The value of `textSetting`. References are read together with the configuration. */
export const text = textSetting.transform(convert(readText));

/** Names of entries of lists. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error:
    'may have at most 63 characters: lower-case letters, digits and hyphens; must not begin with a hyphen',
});

/** `airflow` is required because two Airflow instances may have different values for one key. */
const airflowVariable = z
  .strictObject({
    airflowVariable: z
      .string()
      .max(250)
      // Airflow accepts any text; spaces and slashes are typos, and `..` would change the path of a URL.
      .regex(/^(?!\.{1,2}$)[^\s/]+$/, {
        error:
          'is not a valid key of an Airflow Variable: must not contain spaces or slashes, or be `.` or `..`',
      })
      .meta({ description: 'Key of the Airflow Variable.', examples: ['ecr_aws_account'] }),
    airflow: nameSchema.meta({
      description: 'Name of the entry of `airflows` that has the Variable.',
      examples: ['main'],
    }),
  })
  .transform(({ airflow, airflowVariable: key }): AirflowVariable => ({ airflow, key }))
  .meta({ title: '{airflowVariable: KEY, airflow: NAME}' });

export const textOrVariable = z.union([plainText, variableReference, fileReference, airflowVariable], {
  error: ({ input }) =>
    isScalar(input)
      ? 'must be text'
      : 'must be text, {env: NAME}, {file: PATH} or {airflowVariable: KEY, airflow: NAME}',
});

/** The text of a setting that is text or a reference. */
export function readText(setting: string | Reference): Reading<string> {
  return typeof setting === 'string' ? { result: setting } : setting.read();
}

/** A secret, which must be a reference. It is read and checked with the configuration, and read again at each use. */
export function secret(check?: CheckValue) {
  return z
    .custom<Reference>((value) => value instanceof Reference, {
      error: ({ input }) => (isScalar(input) ? 'must not be in plain text' : 'is not a valid reference'),
      params: { code: 'plain-text-secret' },
      ...CONTINUE,
    })
    .meta({ anyOf: [VARIABLE_FORM, FILE_FORM] })
    .transform(
      convert((reference) => {
        const reading = reference.read(check);
        return 'result' in reading ? { result: toReadSecret(reference, check) } : reading;
      }),
    );
}

/** A whole number and its unit. */
export const DURATION = /^\d{1,6}(s|m|h|d)$/;

export const NO_UNIT = 'has no unit (s, m, h or d)';

/** In milliseconds. */
export const duration = z
  .string({ error: ({ input }) => (typeof input === 'number' ? NO_UNIT : undefined) })
  .regex(DURATION, {
    error: ({ input }) =>
      /^\d+$/.test(input ?? '')
        ? NO_UNIT
        : 'is not a valid duration: must be a whole number with a unit (s, m, h or d)',
  })
  .transform((setting) => ms(setting as ms.StringValue));

const CHARACTERS = 'letters, digits, dots, hyphens and underscores';
const USE_CHARACTERS = `Use only ${CHARACTERS}, at most 200 characters`;

export const connectionId = z
  .string()
  .superRefine(report(checkConnectionId))
  .meta({
    pattern: CONNECTION_ID.source,
    patternErrorMessage: `is not a valid connection id: may have up to 200 ${CHARACTERS}`,
  });

function checkConnectionId(id: string): Fault | undefined {
  if (/[*?]/.test(id) && CONNECTION_PATTERN.test(id)) {
    const message = 'is a pattern, not a connection id';
    return { code: 'invalid', message, remedy: 'Use the form `{match: "*_ecr"}`.' };
  }
  const problem = describeIdProblem(id);
  if (problem === undefined) return undefined;
  const message = `is not a valid connection id: it ${problem}`;
  return { code: 'invalid', message, remedy: `${USE_CHARACTERS}.` };
}

export const connectionPattern = z
  .string()
  .superRefine(report(checkPattern))
  .meta({
    pattern: CONNECTION_PATTERN.source,
    patternErrorMessage: `is not a valid pattern: may have up to 200 ${CHARACTERS}, \`*\` and \`?\``,
  });

function checkPattern(pattern: string): Fault | undefined {
  const problem = describeIdProblem(pattern, '*?');
  if (problem === undefined) return undefined;
  const message = `is not a valid pattern: it ${problem}`;
  const remedy = `${USE_CHARACTERS}, \`*\` for any number of characters and \`?\` for one.`;
  return { code: 'invalid', message, remedy };
}

export function isScalar(input: unknown): boolean {
  return typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean';
}
