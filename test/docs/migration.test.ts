// The configuration in docs/migration.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config/load.js';
import { ENV, useConfigFolder } from '../config/config-folder.js';

const TEXT = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8');

describe('the migration guide', () => {
  const write = useConfigFolder();
  const yaml = /^```yaml\n(.*?)^```$/ms.exec(TEXT)?.[1] ?? '';

  it('shows a configuration that loads and reads the Variables of the DAG', () => {
    const config = loadConfig(write(yaml), ENV);
    assert.equal(config.stores.length, 1);
    assert.match(yaml, /ecr_aws_account.*ecr_aws_region_name/s);
  });

  it('states correctly that the cron expression of the DAG is rejected', () => {
    const cron = /^- cron `([^`]+)`/m.exec(TEXT)?.[1] ?? '';
    assert.throws(() => loadConfig(write(`${yaml}schedule: { cron: '${cron}' }\n`), ENV), /schedule\.cron/);
  });
});
