/**
 * Logs nothing: the SDK passes tokens in plain text, and what it warns about ends as a failure anyway. Without a logger,
 * it prints its warnings to the console.
 */
export const NO_LOG = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
