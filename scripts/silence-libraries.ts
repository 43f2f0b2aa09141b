// Imported first, so that no library prints anything while it is loaded. With --debug a command prints what libraries print; a
// worker writes only its log.
import { silenceForeignOutput } from '../src/log/foreign-output.js';

const args = process.argv.slice(2);
if (args[0] === 'worker' || !args.includes('--debug')) silenceForeignOutput();
