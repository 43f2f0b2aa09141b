// A bug that tests inject into one of our processes: a line that throws an error with secrets.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fixture } from './fixture.js';

export const THROW_SECRETS = 'throw new Error(`${env.AIRFLOW_PASSWORD} ${env.AWS_SECRET_ACCESS_KEY}`);';

/** Injects it into a function that the token cache calls, where nothing catches the error. */
export function withDefect(fixture: Fixture, body: string): NodeJS.ProcessEnv {
  const file = join(fixture.stateFolder, 'defect.mjs');
  writeFileSync(
    file,
    `// The worker hides the password later.
const env = { ...process.env };
const original = AbortSignal.prototype.throwIfAborted;
AbortSignal.prototype.throwIfAborted = function () {
  if (new Error().stack.includes('token-cache')) { ${body} }
  return original.call(this);
};
`,
  );
  return { NODE_OPTIONS: `--import=${file}` };
}
