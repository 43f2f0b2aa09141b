// What JSON Schema says in addition, for editors: the checks across settings that it can express. The loader has its own.

/** A part of a schema that refuses settings next to another one. `errorMessage` is of the YAML language server. */
export function refuse(reason: string, ...keys: readonly string[]): Record<string, unknown> {
  return {
    properties: Object.fromEntries(keys.map((key) => [key, false])),
    errorMessage: `cannot be combined with ${reason}`,
  };
}

/** A part of a schema of which exactly or at least one list of settings is required. */
export function requireOneOf(...lists: readonly (readonly string[])[]): Record<string, unknown> {
  return { anyOf: lists.map((required) => ({ required })) };
}
