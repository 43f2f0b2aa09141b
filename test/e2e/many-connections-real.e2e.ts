// Takes minutes, so it runs only with TEST_ALL=true. many-connections.e2e.ts always runs, with the stand-in
// for Airflow.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDecryptedPasswords, startAirflow, type Airflow } from '../support/airflow.js';
import { readAuditLog } from '../support/airflow/database.js';
import { seedConnections } from '../support/airflow/rest.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startFixture, type Fixture } from './every-failure/fixture.js';
import { assertWithinLimits, measureRun, startManyRun } from './many-run.js';
import { skipOrFail } from '../support/skip-or-fail.js';

const COUNT = 10_000;
const IDS = Array.from({ length: COUNT }, (_, index) => `many_${String(index).padStart(5, '0')}`);
const describeOnDemand = process.env['TEST_ALL'] === 'true' ? describe : describe.skip;

describeOnDemand(`${COUNT} connections in one real Airflow`, function () {
  // The timeout only prevents hanging: the test prints the time that the run took.
  this.timeout(1_800_000);
  let fixture: Fixture;
  let airflow: Airflow;

  before(async function () {
    await findPython(12).catch((error: Error) => skipOrFail(this, error.message));
    fixture = await startFixture();
    airflow = await startAirflow({ stateFolder: fixture.stateFolder });
    const { host } = fixture.registry;
    await seedConnections(
      airflow,
      IDS.map((connection_id) => ({
        connection_id,
        conn_type: 'docker',
        host,
        login: 'AWS',
        password: 'old',
      })),
    );
  });

  after(async () => {
    await airflow?.stop();
    await fixture?.stop();
  });

  function writeConfig(): string {
    const path = join(fixture.stateFolder, 'real.yaml');
    const text = readFileSync(fixture.configPath, 'utf8')
      .replace(/\burl: .*/, `url: ${airflow.url}`)
      .replace('username: ecr-refresh', `username: ${airflow.username}`)
      .replace(/\bconnections: .*/, 'connections: [{match: "many_*"}]')
      .replace(/\btaskQueue: main/, 'taskQueue: real');
    writeFileSync(path, text);
    return path;
  }

  it('writes each connection with one token in a Temporal run, within the limits of Temporal', async () => {
    const worker = await fixture.startWorker('real', {
      ECR_REFRESH_CONFIG: writeConfig(),
      AIRFLOW_PASSWORD: airflow.password,
    });
    const log = await readAuditLog(airflow);
    const run = await measureRun(fixture, worker, await startManyRun(fixture.client, 'real'));
    process.stderr.write(`    real Airflow: ${run.summary}\n`);
    assertWithinLimits(run, COUNT);
    const passwords = await readDecryptedPasswords(airflow, IDS);
    assert.equal(Object.keys(passwords).length, COUNT);
    const [password, ...others] = new Set(Object.values(passwords));
    assert.deepEqual(others, [], 'connections have different tokens');
    assert.equal(fixture.aws.check(password ?? ''), 'valid');
    const writes = (await readAuditLog(airflow)).slice(log.length).filter(([, extra]) => extra !== null);
    const counts = new Map<string, number>();
    for (const [, extra] of writes) {
      for (const id of extra?.match(/many_\d{5}/g) ?? []) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    assert.equal(counts.size, COUNT);
    assert.ok(
      [...counts.values()].every((count) => count === 1),
      'the audit log does not have one write for each connection',
    );
    await worker.stop();
  });
});
