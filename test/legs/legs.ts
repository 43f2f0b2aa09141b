// The legs of scripts/test, the longest first: a long one that starts last would run alone at the end.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findSecondRelease, type NodeBinary } from './node-versions.js';

export interface Leg {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** False if the leg has no tests to count, only an exit code. */
  readonly hasTests: boolean;
  /** Set if not the Node that runs scripts/test. Then no process of the leg may run on another one. */
  readonly node?: NodeBinary;
}

export interface LegOptions {
  /** Those of `findOtherReleases` that are available here. */
  readonly otherNodes: readonly NodeBinary[];
  readonly isAll: boolean;
}

/** These take about a minute or more each. The order of the others does not matter. */
const LONG_SUITES = [
  'every-failure/every-failure',
  'many-connections-real',
  'airflow-keycloak',
  'worker-death',
  'registries',
  'airflow-versions-sandbox',
  'overridden-connections',
  'airflow-edge-cases',
  'airflow-versions',
  'airflow-users',
  'airflow-teams',
  'principals',
  'quickstart',
  'shown-commands',
  'sandbox-parts',
  'main-job',
].map(toSuiteFile);

/**
 * Suites about time limits that are close to what an idle machine needs: heartbeats while Temporal restarts, and 300
 * registries within the limit of a step. Next to other suites they would exceed them.
 */
const SUITES_WITH_TIME_LIMITS = ['temporal-restart', 'registries-many'].map(toSuiteFile);

const UNIT_TESTS = 'test/**/*.test.ts';

/**
 * The unit tests that depend on Node: its HTTP, TLS and timers, its files and processes, and the workflow in its V8.
 * The results of the others should not depend on the version, so the second Node runs them only with --all.
 */
const UNIT_TESTS_OF_NODE = [
  'test/*.test.ts',
  'test/{aws,ecr,hostile-peers,net,stores,verify}/**/*.test.ts',
  'test/config/@(load|load-airflows|load-registries|config-store|secret-files|bad-file|bad-secrets).test.ts',
  'test/scripts/*.test.ts',
  'test/workflows/@(replay|refresh-credentials).test.ts',
];

/** For end-to-end tests. */
const LONG_TIMEOUT = ['--timeout', '300000'];

/** The main job with real services, and how the built worker starts and stops. */
const MAIN_PATH = ['main-job', 'worker'].map(toSuiteFile);

/** The others need its output, so it runs before them. */
export const BUILD: Leg = {
  title: 'build',
  command: 'npm',
  args: ['run', '-s', 'build'],
  hasTests: false,
};

/** Legs that need a core for themselves and run one after the other, and the rest. */
export interface Legs {
  /** Run one after the other before all others, with nothing next to them. */
  readonly alone: Leg[];
  readonly needCore: Leg[];
  readonly rest: Leg[];
}

export function listLegs({ otherNodes, isAll }: LegOptions): Legs {
  const main: NodeBinary = { path: process.execPath, version: process.versions.node };
  const suites = readdirSync('test/e2e', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.e2e.ts'))
    .map((file) => join('test', 'e2e', file))
    .toSorted((one, other) => rank(one) - rank(other) || one.localeCompare(other));
  const toLeg = (file: string): Leg => mocha(file, main, [...LONG_TIMEOUT, file]);
  const alone = suites.filter((file) => SUITES_WITH_TIME_LIMITS.includes(file)).map(toLeg);
  const needCore = [
    // They use a core all the time, which end-to-end tests with limits of a few seconds would miss.
    mocha(`unit tests, Node ${main.version}`, main, [UNIT_TESTS]),
  ];
  const endToEnd = suites.filter((file) => !SUITES_WITH_TIME_LIMITS.includes(file)).map(toLeg);
  const rest = [
    ...endToEnd.slice(0, LONG_SUITES.length),
    ...otherNodes.flatMap((node) => listLegsOn(node, main, isAll)),
    {
      title: 'types, lint, format, generated documents',
      command: 'npm',
      args: ['run', '-s', 'check'],
      hasTests: false,
    },
    ...endToEnd.slice(LONG_SUITES.length),
  ];
  return { alone, needCore, rest };
}

/** Everything runs on `main`; on another version only the main path and unit tests. */
function listLegsOn(node: NodeBinary, main: NodeBinary, isAll: boolean): Leg[] {
  const { version } = node;
  const endToEnd = isAll
    ? mocha(`main path, Node ${version}`, node, [...LONG_TIMEOUT, ...MAIN_PATH])
    : mocha(`the built worker, Node ${version}`, node, [...LONG_TIMEOUT, toSuiteFile('worker')]);
  const legs = [{ ...endToEnd, node }];
  if (version !== findSecondRelease(main.version)) return legs;
  const unitTests = isAll
    ? mocha(`unit tests, Node ${version}`, node, [UNIT_TESTS])
    : mocha(`unit tests that depend on Node, Node ${version}`, node, UNIT_TESTS_OF_NODE);
  return [{ ...unitTests, node }, ...legs];
}

function toSuiteFile(name: string): string {
  return join('test', 'e2e', `${name}.e2e.ts`);
}

function rank(file: string): number {
  const place = LONG_SUITES.indexOf(file);
  return place === -1 ? LONG_SUITES.length : place;
}

function mocha(title: string, { path }: NodeBinary, args: readonly string[]): Leg {
  return {
    title,
    command: path,
    args: ['node_modules/mocha/bin/mocha.js', '--forbid-only', ...args],
    hasTests: true,
  };
}
