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

/** A part of a schema that holds where a condition does. */
export function ifThen(condition: object, then: object, otherwise?: object): Record<string, unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; nothing awaits it
  return { if: condition, then, ...(otherwise && { else: otherwise }) };
}
