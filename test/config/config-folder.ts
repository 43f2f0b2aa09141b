// Temporary folders with configuration files.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.js';
import { assertGoldenProblems, assertGoldenWarnings, useGoldenProblems } from './golden-problems.js';
import { GOOD } from './good-config.js';

/** Stands where a secret is, rightly or by mistake; must never show. */
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
    // Whatever the umask: a world-writable file would be refused.
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
}

/**
 * The problems of a file that must not load. Fails when any of them shows the canary, or when their text differs from the
 * golden file.
 */
export function problemsOf(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  const problems = collectProblems(path, env);
  assertGoldenProblems(path, problems);
  return problems;
}

/** As `problemsOf`, without the golden file: for generated configurations. */
export function collectProblems(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
  try {
    loadConfig(path, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, `no ConfigError but ${String(error)}`);
    assertNoSecret(error.message, error.stack, JSON.stringify(error), JSON.stringify(error.problems));
    return error.problems;
  }
  return assert.fail('the file loaded');
}

/** The warnings of a file that must load; otherwise as `problemsOf`. */
export function warningsOf(path: string, env: NodeJS.ProcessEnv = ENV): readonly ConfigProblem[] {
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

/** Calls a function without the rights of root, which may read everything. */
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
