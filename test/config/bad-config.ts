// Tables of configurations with one problem or warning: what is wrong, where, and its code. The messages are in
// test/golden/bad-configurations.txt and configuration-warnings.txt.
import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { ENV, expectProblems, showPlaces, useConfigFolder, expectWarnings } from './config-folder.js';

export interface InvalidConfig {
  readonly title: string;
  readonly text: string;
  /** Line and path: `4 airflows[0].url`. */
  readonly place: string;
  readonly code: ProblemCode;
}

export function invalid(title: string, text: string, place: string, code: ProblemCode): InvalidConfig {
  return { title, text, place, code };
}

/**
 * Each must be rejected with exactly this one problem.
 * @param files contents by name, in the folder of the configuration
 */
export function rejectEach(
  rows: readonly InvalidConfig[],
  more: NodeJS.ProcessEnv = {},
  files: Readonly<Record<string, string>> = {},
): void {
  const write = useConfigFolder();
  for (const { title, text, place, code } of rows) {
    it(`rejects ${title}`, () => {
      for (const [name, content] of Object.entries(files)) write(content, name);
      assert.deepEqual(showPlaces(expectProblems(write(text), { ...ENV, ...more })), [
        `${place} ${code}`.trim(),
      ]);
    });
  }
}

/** Each must load with exactly this one warning, in addition to the one about the example URL. */
export function warnAboutEach(rows: readonly InvalidConfig[]): void {
  const write = useConfigFolder();
  for (const { title, text, place, code } of rows) {
    it(`warns about ${title}`, () => {
      const path = write(text.replaceAll(/airflow\.example\.com/gi, 'a'));
      assert.deepEqual(showPlaces(expectWarnings(path)), [`${place} ${code}`]);
    });
  }
}
