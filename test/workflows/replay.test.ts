import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { installQuietRuntime, workflowBundle } from './test-worker.js';

const HISTORIES = new URL('../histories/', import.meta.url);

describe('recorded histories', function () {
  this.timeout(60_000);
  const files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));

  before(() => installQuietRuntime());

  it('are there', () => assert.ok(files.length >= 3));

  for (const file of files) {
    it(`replay: ${file}`, async () => {
      const history: unknown = JSON.parse(readFileSync(new URL(file, HISTORIES), 'utf8'));
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, file);
    });
  }
});
