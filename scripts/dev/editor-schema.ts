// The published JSON Schema, for the YAML language server. It inserts an example or default as text: a number in quotes
// loses them, and a mapping becomes `[object Object]`. Such values are therefore moved into the description.
import { stringify } from 'yaml';
import type { JsonSchema } from '../../src/config/settings.js';

type Json = Record<string, unknown>;

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

/** Escapes Markdown outside code spans. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 0 ? part.replace(/[*_<>#]/g, '\\$&') : part))
    .join('');
}
