// Runs one leg in a separate process, and checks its exit code, its counts and the processes that it leaves running.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { endLeftProcesses, markedEnv } from './left-processes.js';
import type { Leg } from './legs.js';
import { checkNodeProcesses, watchNode } from './node-watch.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface EndedLeg extends Counts {
  readonly title: string;
  readonly output: string;
  readonly seconds: number;
}

export async function runLeg(leg: Leg, folder: string): Promise<EndedLeg> {
  const startMs = performance.now();
  const mark = `leg-${randomUUID()}`;
  const logFile = join(folder, `${mark}.log`);
  const log = openSync(logFile, 'a');
  const watch = leg.node && watchNode(mark);
  const child = spawn(leg.command, leg.args, {
    // Also what a test starts as `node` runs on the version of the leg.
    env: { ...markedEnv(mark, leg.node ? [dirname(leg.node.path)] : []), TEST_IS_BUILT: 'true' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const problem = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? undefined : `ended ${signal === null ? `with code ${code}` : `by ${signal}`}`),
    );
  });
  const seconds = (performance.now() - startMs) / 1000;
  const left = await endLeftProcesses(mark);
  watch?.stop();
  const nodes = leg.node && watch ? checkNodeProcesses(watch.list(), leg.node) : undefined;
  const output = readFileSync(logFile, 'utf8');
  const counts = leg.hasTests
    ? countTests(output, problem)
    : { ...NONE, failed: problem === undefined ? 0 : 1 };
  return {
    ...counts,
    failed: counts.failed + left.length + (nodes?.problems.length ?? 0),
    title: leg.title,
    seconds,
    output: [
      output.trimEnd(),
      ...(problem === undefined ? [] : [`The leg ${problem}.`]),
      ...left.map(({ pid, commandLine }) => `The leg left process ${pid} running: ${commandLine}`),
      ...(nodes ? [nodes.summary, ...nodes.problems] : []),
    ].join('\n'),
  };
}

/** A leg on a version of Node that is not available: a failure with CI=true. */
export function skipLeg(title: string, reason: string): EndedLeg {
  const isFailure = process.env['CI'] === 'true';
  const output = `  ${isFailure ? 'failed' : 'skipped'}; missing: ${reason}`;
  return { ...NONE, [isFailure ? 'failed' : 'skipped']: 1, title, seconds: 0, output };
}

const LAST_LINES = 30;
const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/**
 * Reads the counts from the last lines of mocha. They do not show a crash or a run without tests, which count as a
 * failure.
 */
export function countTests(output: string, problem: string | undefined): Counts {
  const lines = stripVTControlCharacters(output);
  const count = (word: string): number =>
    Number([...lines.matchAll(new RegExp(`^ *(\\d+) ${word}\\b`, 'gm'))].at(-1)?.[1] ?? 0);
  const [passed, failed, skipped] = [count('passing'), count('failing'), count('pending')];
  const isSilent = failed === 0 && (problem !== undefined || passed + skipped === 0);
  return { passed, failed: isSilent ? 1 : failed, skipped };
}

/** The end of a leg's output: mocha's list of failures and what follows, or the last lines if it printed none. */
export function findFailures(output: string): string {
  const lines = stripVTControlCharacters(output).split('\n');
  const start = lines.findLastIndex((line) => /^ *\d+ failing\b/.test(line));
  return lines.slice(start === -1 ? -LAST_LINES : start).join('\n');
}
