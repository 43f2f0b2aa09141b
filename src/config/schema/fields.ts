// Mappings of names to text or references: headers, and the fields of a body.
import { z } from 'zod';
import { Secret } from '../../log/secret.js';
import type { Fault } from '../config-error.js';
import { Reference, toReadSecret, type CheckValue, type ReadSecret } from '../references.js';
import { addFault, isMapping } from './checks.js';
import { readText, textSetting } from './values.js';

/** A name and its value, which is read at each use. */
export interface Field {
  readonly name: string;
  /** In JSON, and so in the hash of the configuration, it is the text or the reference. */
  readonly read: ReadSecret & { toJSON(): string | object };
}

export interface FieldRules {
  readonly max: number;
  readonly invalidName: Fault;
  checkName(name: string): Fault | undefined;
  /** Whether the value must be a reference. */
  isSecret(name: string): boolean;
  readonly checkValue?: CheckValue;
  readonly checkAll?: (names: readonly string[], context: z.core.$RefinementCtx) => void;
}

/** Ordered by name, so that the order in the file does not matter. */
export function createFieldsSchema(rules: FieldRules) {
  return z
    .preprocess(
      // A single field named `env` or `file` is not a reference.
      (value, context) => {
        const fields = value instanceof Reference ? value.toJSON() : value;
        // zod drops this name.
        if (isMapping(fields) && Object.hasOwn(fields, '__proto__'))
          addFault(context, rules.invalidName, ['__proto__']);
        return fields;
      },
      z.record(z.string(), textSetting),
    )
    .superRefine((fields, context) => checkFields(fields, context, rules), {
      when: ({ value }) => isMapping(value),
    })
    .transform((fields): readonly Field[] =>
      Object.entries(fields)
        .map(([name, setting]) => ({ name, read: toRead(setting, rules.checkValue) }))
        .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)),
    );
}

/** Also runs when some of them are not text. */
function checkFields(
  fields: Readonly<Record<string, string | Reference>>,
  context: z.core.$RefinementCtx,
  { max, checkName, isSecret, checkValue, checkAll }: FieldRules,
): void {
  const invalid = new Set(context.issues.map(({ path = [] }) => path[0]));
  const names = Object.keys(fields);
  if (names.length > max) {
    const remedy = 'Remove entries that are not needed.';
    addFault(context, { code: 'too-many', message: `has more than ${max} entries`, remedy });
  }
  for (const [name, setting] of Object.entries(fields)) {
    if (invalid.has(name)) continue;
    const plain = typeof setting === 'string' && isSecret(name) ? toPlainTextFault(name) : undefined;
    const fault = checkName(name) ?? plain ?? checkSetting(setting, checkValue);
    if (fault) addFault(context, fault, [name]);
  }
  checkAll?.(names, context);
}

function toPlainTextFault(name: string): Fault {
  return {
    code: 'plain-text-secret',
    message: 'must not be in plain text',
    remedy: `Use the form \`${name}: {env: NAME}\` (an environment variable) or \`${name}: {file: PATH}\`.`,
  };
}

function checkSetting(setting: string | Reference, check?: CheckValue): Fault | undefined {
  const reading = readText(setting);
  return 'code' in reading ? reading : check?.(reading.result);
}

function toRead(setting: string | Reference, check?: CheckValue): Field['read'] {
  if (typeof setting !== 'string') return toReadSecret(setting, check);
  return Object.assign(() => new Secret(setting), { toJSON: () => setting });
}
