// Tables of configurations with one problem or warning: what is wrong, where, and its code. The words are in
// test/golden/bad-configurations.txt and configuration-warnings.txt.
import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { ENV, problemsOf, showPlaces, useConfigFolder, warningsOf } from './config-folder.js';

export interface BadConfig {
  readonly title: string;
  readonly text: string;
  /** Line and path: `4 airflows[0].url`. */
  readonly place: string;
  readonly code: ProblemCode;
}

export function bad(title: string, text: string, place: string, code: ProblemCode): BadConfig {
  return { title, text, place, code };
}

/**
 * Each must be refused for exactly this one problem.
 * @param files in the folder of the configuration, by their names
 */
export function refuseEach(
  rows: readonly BadConfig[],
  more: NodeJS.ProcessEnv = {},
  files: Readonly<Record<string, string>> = {},
): void {
  const write = useConfigFolder();
  for (const { title, text, place, code } of rows) {
    it(`is refused for ${title}`, () => {
      for (const [name, content] of Object.entries(files)) write(content, name);
      assert.deepEqual(showPlaces(problemsOf(write(text), { ...ENV, ...more })), [`${place} ${code}`.trim()]);
    });
  }
}

/** Each must load with exactly this one warning, apart from that about the example URL. */
export function warnOfEach(rows: readonly BadConfig[]): void {
  const write = useConfigFolder();
  for (const { title, text, place, code } of rows) {
    it(`raises a warning for ${title}`, () => {
      const path = write(text.replaceAll(/airflow\.example\.com/gi, 'a'));
      assert.deepEqual(showPlaces(warningsOf(path)), [`${place} ${code}`]);
    });
  }
}
