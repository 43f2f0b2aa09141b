// What `status` and a worker report when Temporal cannot be used: they take different libraries to it.
import assert from 'node:assert/strict';
import { isWaiting, readLog, type TemporalFixture } from './temporal-fixture.js';

export interface ReportedFault {
  readonly code: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The fault in the first log line of a worker, which `status` and `status --json` must report with the same words. */
export async function readCommonFault(
  fixture: TemporalFixture,
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<ReportedFault> {
  const [worker, status, statusInJson] = await Promise.all([
    fixture.startWorker(name, env, isWaiting),
    fixture.command(['status'], env),
    fixture.command(['status', '--json'], env),
  ]);
  await worker.stop();
  assert.equal(await worker.exited, 'exited with code 0');
  const first = readLog(worker.logFile).find((line) => isWaiting([line]));
  const { code, reason, remedy } = first as unknown as ReportedFault;
  assert.deepEqual(status, { code: 1, stdout: '', stderr: `${reason}. ${remedy}\n` });
  const error = { code: `temporal-${code}`, message: `${reason}.`, remedy, problems: [] };
  assert.deepEqual(
    { ...statusInJson, stdout: JSON.parse(statusInJson.stdout) as unknown },
    { code: 1, stdout: { error }, stderr: '' },
  );
  return { code, reason, remedy };
}
