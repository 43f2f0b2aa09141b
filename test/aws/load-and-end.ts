// Loads credentials, and exits in the way that the first argument names once the file in the second argument has two
// lines.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { endCredentialProcesses } from '../../src/aws/credentials/credential-processes.js';
import { endOnSignals } from '../../scripts/end-process.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';

const [how, file = ''] = process.argv.slice(2);
const session = new AwsSessions().of(DEFAULT_PRINCIPAL);
session.load('us-east-1', new AbortController().signal).catch(() => undefined);
while (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length < 3) await delay(10);
if (how === 'exit') process.exit(0);
if (how === 'throw') setImmediate(() => JSON.parse('{'));
if (how === 'end') endCredentialProcesses();
if (how?.startsWith('SIG')) {
  endOnSignals();
  process.kill(process.pid, how);
}
