// What happens when a part that a test needs is not installed: a skip that names it, with CI=true a failure.
import type { Context } from 'mocha';

export function skipOrFail(context: Context, what: string): never {
  if (process.env['CI'] === 'true') throw new Error(`Missing: ${what}`);
  process.stderr.write(`    skipped for want of: ${what}\n`);
  return context.skip();
}
