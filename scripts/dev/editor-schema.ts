// The published form of the JSON Schema, for the YAML language server: it inserts an example or a default as text, without
// the quotes of a number and as `[object Object]` for a mapping. These become part of the description.
import { stringify } from 'yaml';
import type { JsonSchema } from '../../src/config/settings.js';

type Json = Record<string, unknown>;

/** A copy of a schema. */
export function toEditorSchema(schema: JsonSchema): Json {
  return convert({ ...schema }) as Json;
}

function convert(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(convert);
  if (typeof node !== 'object' || node === null) return node;
  const { examples, default: value, ...rest } = node as Json & { examples?: readonly unknown[] };
  const converted = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, convert(item)]));
  const isDescribed = typeof rest['description'] === 'string';
  const shown = examples?.filter((example) => !isInsertable(example)) ?? [];
  const inserted = examples?.filter(isInsertable) ?? [];
  const extra = [
    ...(value === undefined || typeof value === 'object' ? [] : [`Default: \`${String(value)}\`.`]),
    ...shown.map((example) => `Example:\n\n\`\`\`yaml\n${stringify(example)}\`\`\``),
  ];
  return {
    ...converted,
    ...(inserted.length > 0 && { examples: inserted }),
    ...(isDescribed && { markdownDescription: [escape(String(rest['description'])), ...extra].join('\n\n') }),
  };
}

function isInsertable(example: unknown): boolean {
  return (
    typeof example === 'boolean' ||
    typeof example === 'number' ||
    (typeof example === 'string' && !/^\d+$/.test(example))
  );
}

/** Outside of code spans. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 0 ? part.replace(/[*_<>#]/g, '\\$&') : part))
    .join('');
}
