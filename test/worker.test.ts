import assert from 'node:assert/strict';
import type { ConfigProblem } from '../src/config/config-error.js';
import { logWarnings } from '../src/worker.js';
import { captureLog } from './fakes/captured-log.js';
import { fakeConfig } from './fakes/fake-config.js';

describe('logWarnings', () => {
  it('logs each configuration warning with its location and fix', () => {
    const log = captureLog();
    const warnings: ConfigProblem[] = [
      { code: 'example', path: 'airflows[0].url', line: 3, message: 'is an example', remedy: 'Name yours.' },
      { code: 'example', path: 'airflows[1].url', line: 7, message: 'is another one', remedy: 'Name yours.' },
    ];
    logWarnings(fakeConfig({ warnings }), log.logger);
    const lines = log.lines().map(({ level, msg, warning }) => [level, msg, warning]);
    log.close();
    const message = 'configuration warning';
    assert.deepEqual(lines, [
      ['warn', message, 'refresh.yaml:3 airflows[0].url: is an example. Name yours.'],
      ['warn', message, 'refresh.yaml:7 airflows[1].url: is another one. Name yours.'],
    ]);
  });
});
