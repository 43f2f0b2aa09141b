// Settings of Temporal for tests: from an environment without the variables of this machine, and files in a folder.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TemporalSettingsInvalid } from '../../../src/temporal/settings/settings-error.js';
import { readTemporalSettings, type TemporalSettings } from '../../../src/temporal/settings/settings.js';

/** When the certificates of test/support/self-signed.ts are valid. */
export const NOW = new Date('2030-01-01T00:00:00Z');

/** A value that no message may contain. */
export const SECRET = 'value-that-must-not-show';

type Env = Readonly<Record<string, string>>;

export function read(env: Env): TemporalSettings {
  return readTemporalSettings(env, NOW);
}

/** The problems, each as `SETTING: message`, without their remedies. */
export function listProblems(env: Env): string[] {
  try {
    read(env);
  } catch (error) {
    if (!(error instanceof TemporalSettingsInvalid)) throw error;
    for (const { remedy } of error.problems) assert.match(remedy, /^[A-Z].*[.?]$/);
    assert.doesNotMatch(error.message, new RegExp(`${SECRET}|MII`));
    return error.problems.map(({ setting, message }) => `${setting}: ${message}`);
  }
  return [];
}

export function listWarnings(env: Env): string[] {
  return read(env).warnings.map(({ setting, message }) => `${setting}: ${message}`);
}

/** Creates a folder for each test, and returns a function that writes a file in it and returns its path. */
export function useSettingsFolder(): (name: string, text: string) => string {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
}
