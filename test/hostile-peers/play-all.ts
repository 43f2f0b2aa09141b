// Plays the large faults of all peers, and prints the most memory that the process has used, in MB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { withFastTimers } from '../aws/fast-timers.js';
import { AWS_PEERS } from './aws-peers.js';
import { FAULTS, type Effect } from './faults.js';
import { OTHER_PEERS } from './other-peers.js';
import { playFault } from './peer.js';

const LARGE: readonly Effect[] = [
  'too large',
  'too large, with an error status',
  'compressed',
  'endless headers',
];

const { gc: collectGarbage } = globalThis;
assert.ok(collectGarbage, 'needs --expose-gc');

for (const peer of [...AWS_PEERS, ...OTHER_PEERS]) {
  for (const fault of FAULTS.filter(({ effect }) => LARGE.includes(effect))) {
    // Some clients wait before they send the request again.
    await withFastTimers(() => playFault(peer, fault));
    // What the next fault uses is its own: on a busy machine, garbage of earlier ones would pile up.
    collectGarbage();
  }
}
// Not `maxRSS`: a process starts with that of its parent.
const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
process.stdout.write(`${Math.round(Number(kilobytes) / 1024)}\n`);
