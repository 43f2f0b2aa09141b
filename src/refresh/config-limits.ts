/** What a configuration file may contain: checked when it is loaded, and in results of steps, which name parts of it. */
export const CONFIG_LIMITS = {
  stores: 200,
  connectionsOfStore: 10_000,
  engines: 20,
  images: 100,
  /** Of most texts. */
  textChars: 2_048,
} as const;

/** Names of parts of a configuration are texts of it, or for a token group several, such as principal and endpoint. */
export const MAX_NAME_CHARS = 2 * CONFIG_LIMITS.textChars;
