// A flat list of all settings, from the JSON Schema, for the documentation and for the examples in messages.
import { stringify } from 'yaml';
import { z } from 'zod';
import type { SettingPath } from './config-error.js';
import { createConfigSchema } from './schema/config.js';
import { ConfigFolder } from './config-folder.js';

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
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
}

export interface Setting {
  /** `airflows[].auth.password`. */
  readonly path: string;
  readonly schema: JsonSchema;
  /** The mapping that it is in. */
  readonly parent: JsonSchema;
  /** Part of a value, such as `env` of a reference, and documented with it. */
  readonly isPartOfValue: boolean;
}

/** The schema of the configuration file as JSON Schema, draft 2020-12. */
export function configJsonSchema(schema: z.ZodType = createConfigSchema(new ConfigFolder('.'))): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    // References have no JSON Schema except the one in their metadata.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // zod omits the examples of transformed values, since they could be output; these are input.
      const examples: unknown = z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.['examples'];
      if (examples !== undefined) jsonSchema.examples = examples as never;
      const check = zodSchema._zod.def.checks?.find(({ _zod: { def } }) => 'pattern' in def);
      const message = check?._zod.def.error?.({} as never);
      // A keyword of the YAML language server, which otherwise shows the pattern.
      if (jsonSchema.pattern !== undefined && message)
        Object.assign(jsonSchema, { patternErrorMessage: message });
    },
  }) as JsonSchema;
}

/** All settings below a mapping, each followed by the settings in it. */
export function listSettings(parent: JsonSchema, prefix = '', isPartOfValue = false): Setting[] {
  return Object.entries(parent.properties ?? {}).flatMap(([key, schema]) => {
    const path = `${prefix}${key}`;
    const forms = schema.anyOf ?? [];
    return [
      { path, schema, parent, isPartOfValue },
      ...(schema.items
        ? listSettings(toMapping(schema.items), `${path}[].`)
        : listSettings(schema, `${path}.`)),
      ...forms.flatMap((form) => listSettings(form, `${path}.`, true)),
    ];
  });
}

/** For entries that are text or a mapping, the mapping. */
function toMapping(items: JsonSchema): JsonSchema {
  return items.anyOf?.find(({ type }) => type === 'object') ?? items;
}

/** `airflows[].auth` for the setting at `['airflows', 3, 'auth']`. */
export function toSettingName(path: SettingPath): string {
  return path
    .map((part, index) => (typeof part === 'number' ? '[]' : `${index === 0 ? '' : '.'}${part}`))
    .join('');
}

/** A value as written in the file, on one line: `{env: AIRFLOW_PASSWORD}`. */
export function toYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}
