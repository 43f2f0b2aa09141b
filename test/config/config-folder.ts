// Temporary folders with configuration files.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.js';
import { assertGoldenProblems, assertGoldenWarnings, useGoldenProblems } from './golden-problems.js';
import { VALID } from './good-config.js';

/** Used as a secret, in correct and in wrong places; must never appear in output. */
export const CANARY = 'canary-5f1c0d';

export { VALID };

export const ENV: NodeJS.ProcessEnv = { AIRFLOW_PASSWORD: CANARY };

export const REGISTRY =
  '{name: sandbox, region: us-east-1, account: "123456789012", registryHost: 127.0.0.1:5000}';

/** VALID with one part replaced. */
export function edit(from: string, to: string): string {
  assert.ok(VALID.includes(from), `VALID has no ${from}`);
  return VALID.replace(from, to);
}

/** A folder for each test of a `describe`; returns a function that writes a file into it and returns the path. */
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
    // Regardless of the umask: a world-writable file would be rejected.
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
}

/**
 * Returns the problems of a file that must not load. Fails when one of them shows the canary, or when their text differs
 * from the golden file.
 */
export function expectProblems(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  const problems = collectProblems(path, env);
  assertGoldenProblems(path, problems);
  return problems;
}

/** Like `expectProblems` without the golden file, for generated configurations. */
export function collectProblems(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  try {
    loadConfig(path, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, `expected a ConfigError, got ${String(error)}`);
    assertNoSecret(error.message, error.stack, JSON.stringify(error), JSON.stringify(error.problems));
    return error.problems;
  }
  return assert.fail('the invalid file was loaded');
}

/** Returns the warnings of a file that must load; otherwise like `expectProblems`. */
export function expectWarnings(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  const { warnings } = loadConfig(path, env);
  assertNoSecret(JSON.stringify(warnings));
  if (warnings.length > 0) assertGoldenWarnings(path, warnings);
  return warnings;
}

function assertNoSecret(...texts: readonly (string | undefined)[]): void {
  for (const text of texts) assert.ok(!text?.includes(CANARY), `shows a secret: ${text}`);
}

/** Line, path and code: `4 airflows[0].url missing`. */
export function showPlaces(problems: readonly ConfigProblem[]): string[] {
  return problems.map(({ line, path, code }) =>
    [line, path, code]
      .filter((part) => part !== '')
      .join(' ')
      .trim(),
  );
}

/** Calls a function without root permissions, because root can read every file. */
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
