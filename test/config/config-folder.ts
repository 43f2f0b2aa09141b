// Owns temporary folders with configuration files for these tests. Refuses to leave them behind.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.js';
import { assertGoldenProblems, useGoldenProblems } from './golden-problems.js';
import { GOOD } from './good-config.js';

/** Stands where a secret stood by mistake or rightly; must never show. */
export const CANARY = 'canary-5f1c0d';

export { GOOD };

export const ENV: NodeJS.ProcessEnv = { AIRFLOW_PASSWORD: CANARY };

export const REGISTRY =
  '{name: sandbox, region: us-east-1, account: "123456789012", registryHost: 127.0.0.1:5000}';

/** GOOD with one part replaced. */
export function edit(from: string, to: string): string {
  assert.ok(GOOD.includes(from), `GOOD has no ${from}`);
  return GOOD.replace(from, to);
}

/** A folder of its own for each test of a `describe`; the answer writes a file into it and gives its path. */
export function useConfigFolder(): (content: string | Uint8Array, name?: string) => string {
  let folder = '';
  useGoldenProblems();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-refresh-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (content, name = 'refresh.yaml') => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    // Whatever the umask: a file that everybody may write would be refused for that.
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
}

/**
 * The faults of a file that must not load. Fails when any of them shows the canary, or when their text differs from the
 * golden file.
 */
export function problemsOf(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  try {
    loadConfig(path, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, `no ConfigError but ${String(error)}`);
    const shown = [error.message, error.stack, JSON.stringify(error), JSON.stringify(error.problems)].join(
      '\n',
    );
    assert.ok(!shown.includes(CANARY), `shows a secret: ${error.message}`);
    assertGoldenProblems(path, error);
    return error.problems;
  }
  return assert.fail('the file loaded');
}

/** Lets root look at a folder as somebody who may not read everything. */
export function asOrdinaryUser(folder: string, look: () => void): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chmodSync(folder, 0o755);
    process.seteuid?.(65534);
  }
  try {
    look();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
