// The commands that README.md and docs/getting-started.md show, as a new user runs them: in a fresh copy of the
// repository, line by line, with the values of the user in the places that the pages name.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunElsewhere, RUN_LITERALLY } from '../docs/command-table.js';
import { readPages } from '../docs/markdown.js';
import { listStatements, toKey } from '../docs/shown-commands.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { findPython } from '../../sandbox/python-tools.js';
import { seedDockerDefault } from '../../sandbox/sandbox-airflow.js';
import { startAirflow } from '../support/airflow.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { createNewUser } from './new-user.js';

describe('the commands that are shown to a new user', function () {
  // Airflow's own commands take ten seconds each.
  this.timeout(600_000);
  const stops = new Cleanup();
  let stateFolder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-commands-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  for (const path of RUN_LITERALLY) {
    it(`succeed in a fresh copy of the repository: ${path}`, async () => {
      const page = (await readPages()).find((each) => each.path === path);
      assert.ok(page, `${path} does not exist`);
      const auth = path === 'README.md' ? undefined : 'fab';
      const airflow = stops.add(await startAirflow({ stateFolder, auth }));
      if (auth === undefined)
        await seedDockerDefault(airflow, registry.host, aws.mintToken({ lifeSeconds: 0 }).password);
      const folder = join(stateFolder, path.replaceAll(/\W/g, '-'));
      mkdirSync(folder);
      const user = stops.add(await createNewUser(folder, { airflow, aws, registry }));
      for (const { line, text, commands } of listStatements(page)) {
        const keys = commands.map(toKey);
        if (!keys.some(isRunElsewhere)) await user.run(`${path}:${line}`, text, keys);
      }
      const steps = ['npm ci', 'doctor', 'refresh-once --dry-run', 'worker', 'schedule apply', 'status'];
      assert.deepEqual(
        steps.filter((key) => !user.keys.includes(key)),
        [],
        `${path} does not show them`,
      );
      // Shown on another page; it needs the same services.
      const strict = await user.execute('npm run -s refresh-once -- --strict');
      assert.match(strict.stdout, /All connections refreshed/);
      assert.equal(strict.code, 0, strict.stderr);
      await user.stop();
    });
  }
});
