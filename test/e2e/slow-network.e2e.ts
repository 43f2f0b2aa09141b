// A round trip of 300 ms to a host that also has an IPv6 address without a route. Needs root, for a network namespace.
// Runs only with TEST_ALL=true.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../sandbox/executables.js';
import { runCommand } from '../../sandbox/run-command.js';
import type { Check } from '../../src/doctor/check.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { NO_PROXY_VARIABLES } from '../support/local-server.js';
import { builtCli } from './built-cli.js';

const FOLDER = join('test', 'e2e', 'slow-network');

const describeOnDemand = process.env['TEST_ALL'] === 'true' ? describe : describe.skip;

describeOnDemand('a slow network', function () {
  this.timeout(120_000);

  before(function () {
    if (process.getuid?.() !== 0) skipOrFail(this, 'root');
    if (!existsSync('/dev/net/tun')) skipOrFail(this, '/dev/net/tun');
    const missing = ['unshare', 'ip', 'python3'].find((name) => findOnPath([name]) === undefined);
    if (missing !== undefined) skipOrFail(this, missing);
  });

  it('does not time out at a host whose IPv6 address has no route', async () => {
    const { stdout } = await runCommand(
      'unshare',
      [
        ...['--net', '--mount', 'python3', join(FOLDER, 'slow_network.py')],
        ...[process.execPath, '--import=tsx', join(FOLDER, 'call-airflow.ts'), await builtCli()],
      ],
      { env: { ...process.env, ...NO_PROXY_VARIABLES }, timeoutMs: 100_000 },
    );
    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] };
    const found = checks.find(({ id }) => id === 'store');
    assert.equal(found?.outcome, 'ok', JSON.stringify(found));
    assert.match(found.message, /version 3\.3\.2/);
  });
});
