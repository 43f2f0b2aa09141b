// Owns the form in which these tests list bad configurations: what is wrong, where it must be found, in which words.
import assert from 'node:assert/strict';

import { ENV, problemsOf, useConfigFolder } from './config-folder.js';

export interface BadConfig {
  readonly title: string;
  readonly text: string;
  /** Line and path: `4 airflows[0].url`. */
  readonly place: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

export function bad(title: string, text: string, place: string, message: RegExp, remedy: RegExp): BadConfig {
  return { title, text, place, message, remedy };
}

/** A fault in exactly these words. */
export function badExactly(
  title: string,
  text: string,
  place: string,
  message: string,
  remedy: string,
): BadConfig {
  return bad(title, text, place, wholeText(message), wholeText(remedy));
}

function wholeText(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`);
}

/** Each must be refused for exactly this one fault, and without showing the canary. */
export function refuseEach(rows: readonly BadConfig[], more: NodeJS.ProcessEnv = {}): void {
  const write = useConfigFolder();
  for (const { title, text, place, message, remedy } of rows) {
    it(`is refused for ${title}`, () => {
      const problems = problemsOf(write(text), { ...ENV, ...more });
      assert.deepEqual(
        problems.map(({ line, path }) => `${line} ${path}`.trim()),
        [place],
        JSON.stringify(problems),
      );
      assert.match(problems[0]?.message ?? '', message);
      assert.match(problems[0]?.remedy ?? '', remedy);
    });
  }
}
