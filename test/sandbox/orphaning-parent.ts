// A process that starts a child and does not stop it, for child-process.test.ts.
import { startChild } from '../../sandbox/child-process.js';

await startChild({
  name: 'The orphan',
  command: process.execPath,
  args: JSON.parse(process.env['ORPHAN_ARGS'] ?? '[]') as string[],
  logFile: process.env['ORPHAN_LOG'] ?? '',
});
if (process.env['ORPHAN_PARENT_STAYS'] !== undefined) setInterval(() => {}, 1e6);
