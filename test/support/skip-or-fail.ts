// Skips a test that needs something that is not installed, and prints what is missing. With CI=true, the test fails
// instead.
import type { Context } from 'mocha';

export function skipOrFail(context: Context, what: string): never {
  if (process.env['CI'] === 'true') throw new Error(`Missing: ${what}`);
  process.stderr.write(`    skipped; missing: ${what}\n`);
  return context.skip();
}
