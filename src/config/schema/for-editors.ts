// Checks across settings as JSON Schema, for editors. The loader has its own.

/** Forbids settings next to another one. `errorMessage` is a keyword of the YAML language server. */
export function forbid(reason: string, ...keys: readonly string[]): Record<string, unknown> {
  return {
    properties: Object.fromEntries(keys.map((key) => [key, false])),
    errorMessage: `cannot be combined with \`${reason}\``,
  };
}

/** Requires all settings of at least one list. */
export function requireOneOf(...lists: readonly (readonly string[])[]): Record<string, unknown> {
  return { anyOf: lists.map((required) => ({ required })) };
}

/** Applies a schema where a condition holds. */
export function ifThen(condition: object, then: object, otherwise?: object): Record<string, unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; nothing awaits it
  return { if: condition, then, ...(otherwise && { else: otherwise }) };
}
