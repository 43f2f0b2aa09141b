import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withFastTimers } from '../aws/fast-timers.js';
import { AWS_PEERS } from './aws-peers.js';
import { FAULTS, type Fault } from './faults.js';
import { OTHER_PEERS } from './other-peers.js';
import { playFault, type Peer, type Result } from './peer.js';

/** The largest limit is 6 MiB; the rest is in buffers of the kernel, on both sides. */
const MOST_BYTES = 16 * 1024 * 1024;
/** The SDK sends a request to the container endpoint up to four times. */
const MOST_REQUESTS = 4;
const MOST_MEMORY_MB = 400;

describe('a hostile peer', function () {
  this.timeout(60_000);

  async function play(peer: Peer, fault: Fault): Promise<Result> {
    const run = (): Promise<Result> => playFault(peer, fault);
    // The time limits end the request, or the client waits before it sends the request again.
    const isSlow = fault.effect === 'slow' || peer.waits === true;
    return isSlow ? (await withFastTimers(run)).value : run();
  }

  for (const peer of [...AWS_PEERS, ...OTHER_PEERS]) {
    describe(peer.title, () => {
      for (const fault of FAULTS) {
        const expected = peer.outcomes[fault.effect] ?? peer.outcomes.otherwise;
        it(`${fault.title}: ${expected}`, async () => {
          const { outcome, requests, mostBytes, bytesElsewhere } = await play(peer, fault);
          assert.equal(outcome, expected);
          assert.ok(requests >= 1 && requests <= MOST_REQUESTS, `${requests} requests`);
          assert.ok(mostBytes < MOST_BYTES, `${mostBytes} bytes`);
          assert.equal(bytesElsewhere, 0);
        });
      }
    });
  }

  it(`does not make a process use more than ${MOST_MEMORY_MB} MB`, async function () {
    this.timeout(300_000);
    const script = fileURLToPath(new URL('./play-all.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import=tsx', script]);
    const memory = Number(stdout);
    assert.ok(memory > 0 && memory < MOST_MEMORY_MB, `${stdout.trim()} MB`);
  });
});
