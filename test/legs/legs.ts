// The legs of scripts/test, the longest first: a long one that starts last would run alone at the end.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Leg {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** False if the leg has no tests to count, only an exit code. */
  readonly hasTests: boolean;
}

export interface LegOptions {
  /** The second version of Node to test; undefined if it is not available here. */
  readonly otherNode: { readonly path: string; readonly version: string } | undefined;
  readonly isAll: boolean;
}

/** These take about a minute or more each. The order of the others does not matter. */
const LONG_SUITES = [
  'every-failure/every-failure',
  'many-connections-real',
  'worker-death',
  'registries',
  'airflow-versions-sandbox',
  'overridden-connections',
  'airflow-edge-cases',
  'airflow-versions',
  'airflow-users',
  'principals',
  'quickstart',
  'sandbox-parts',
  'main-job',
].map(toSuiteFile);

/**
 * Suites about time limits that are close to what an idle machine needs: heartbeats while Temporal restarts, and 300
 * registries within the limit of a step. Next to two other suites they would exceed them.
 */
const SUITES_WITH_TIME_LIMITS = ['temporal-restart', 'registries-many'].map(toSuiteFile);

/**
 * The unit tests that depend on Node: its HTTP, TLS and timers, its files and processes, and the workflow in its V8.
 * The results of the others should not depend on the version, so the second Node runs them only with --all.
 */
const UNIT_TESTS_OF_NODE = [
  'test/*.test.ts',
  'test/{aws,ecr,net,stores,verify}/**/*.test.ts',
  'test/config/@(load|load-airflows|load-registries|config-store|secret-files|bad-file|bad-secrets).test.ts',
  'test/scripts/*.test.ts',
  'test/workflows/@(replay|refresh-credentials).test.ts',
];

/** The others need its output, so it runs before them. */
export const BUILD: Leg = {
  title: 'build',
  command: 'npm',
  args: ['run', '-s', 'build'],
  hasTests: false,
};

/** Legs that need a core for themselves and run one after the other, and the rest. */
export interface Legs {
  readonly needCore: Leg[];
  readonly rest: Leg[];
}

export function listLegs({ otherNode, isAll }: LegOptions): Legs {
  const { execPath, version } = process;
  const suites = readdirSync('test/e2e', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.e2e.ts'))
    .map((file) => join('test', 'e2e', file))
    .toSorted((one, other) => rank(one) - rank(other) || one.localeCompare(other));
  const toLeg = (file: string): Leg => mocha(file, execPath, ['--timeout', '300000', file]);
  const needCore = [
    ...suites.filter((file) => SUITES_WITH_TIME_LIMITS.includes(file)).map(toLeg),
    // They use a core all the time, which end-to-end tests with limits of a few seconds would miss.
    mocha(`unit tests, Node ${version}`, execPath, ['test/**/*.test.ts']),
  ];
  const endToEnd = suites.filter((file) => !SUITES_WITH_TIME_LIMITS.includes(file)).map(toLeg);
  const onOtherNode = otherNode && [
    mocha(
      `${isAll ? 'unit tests' : 'unit tests that depend on Node'}, Node ${otherNode.version}`,
      otherNode.path,
      isAll ? ['test/**/*.test.ts'] : UNIT_TESTS_OF_NODE,
    ),
    mocha(`the built worker, Node ${otherNode.version}`, otherNode.path, ['test/e2e/worker.e2e.ts']),
  ];
  const rest = [
    ...endToEnd.slice(0, LONG_SUITES.length),
    ...(onOtherNode ?? []),
    {
      title: 'types, lint, format, generated documents',
      command: 'npm',
      args: ['run', '-s', 'check'],
      hasTests: false,
    },
    ...endToEnd.slice(LONG_SUITES.length),
  ];
  return { needCore, rest };
}

function toSuiteFile(name: string): string {
  return join('test', 'e2e', `${name}.e2e.ts`);
}

function rank(file: string): number {
  const place = LONG_SUITES.indexOf(file);
  return place === -1 ? LONG_SUITES.length : place;
}

function mocha(title: string, node: string, args: readonly string[]): Leg {
  return {
    title,
    command: node,
    args: ['node_modules/mocha/bin/mocha.js', '--forbid-only', ...args],
    hasTests: true,
  };
}
