// Runs the tests for scripts/test: a few legs in parallel, each printed when it ends, and the total counts at the end.
// Usage: node --import=tsx test/legs/run-legs.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, listLegs, type Leg } from './legs.js';
import { findOtherReleases, installNode, type NodeBinary } from './node-versions.js';
import { findFailures, runLeg, skipLeg, type EndedLeg } from './run-leg.js';

/** More jobs than the usual two cores, since the end-to-end tests mostly wait. */
const JOBS = Number(process.env['TEST_JOBS'] ?? 3);

const isAll = process.env['TEST_ALL'] === 'true';
const startMs = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'ecr-legs-'));
const ended: EndedLeg[] = [];

try {
  await run(BUILD);
  const { alone, needCore, rest } = listLegs({ otherNodes: await installOtherNodes(), isAll });
  await runAll(alone);
  // Until the legs that need a core have ended, only one lane runs next to them.
  const coreLegs = runAll(needCore);
  await Promise.all([
    runAll(rest),
    ...Array.from({ length: Math.max(1, JOBS - 1) }, () => coreLegs.then(() => runAll(rest))),
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

print('\n== seconds by leg');
for (const { title, seconds } of ended.toSorted((one, other) => other.seconds - one.seconds)) {
  print(`${seconds.toFixed(0).padStart(5)}  ${title}`);
}
print(`${secondsSince(startMs).padStart(5)}  in total, ${JOBS} at a time`);

const failed = sum(({ failed: count }) => count);
const failedLegs = ended.filter((leg) => leg.failed > 0);
// Again at the end: the output of a leg is far above, and CI systems keep only the last part of a long log.
for (const { title, output } of failedLegs) print(`\n== failed: ${title}\n${findFailures(output)}`);
if (failedLegs.length > 0) print(`\nFailed: ${failedLegs.map(({ title }) => title).join('; ')}`);
print(`\n${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped)} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** The tests on a version that is not available here are skipped, by name. */
async function installOtherNodes(): Promise<NodeBinary[]> {
  const nodes: NodeBinary[] = [];
  for (const release of findOtherReleases(process.versions.node, isAll)) {
    try {
      nodes.push(await installNode(release));
    } catch (error) {
      end(skipLeg(`tests on Node ${release}`, (error as Error).message));
    }
  }
  return nodes;
}

/** Takes legs from the list until it is empty. */
async function runAll(legs: Leg[]): Promise<void> {
  for (let leg = legs.shift(); leg; leg = legs.shift()) await run(leg);
}

async function run(leg: Leg): Promise<void> {
  end(await runLeg(leg, folder));
}

function end(leg: EndedLeg): void {
  ended.push(leg);
  print(`\n== ${leg.title} (${leg.seconds.toFixed(0)} s)\n${leg.output}`);
}

function sum(count: (leg: EndedLeg) => number): number {
  return ended.reduce((total, leg) => total + count(leg), 0);
}

function secondsSince(ms: number): string {
  return ((performance.now() - ms) / 1000).toFixed(0);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
