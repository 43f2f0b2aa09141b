import { parseArgs } from 'node:util';

export const SERIES_NAMES = ['commands', 'worker', 'refresh-once'] as const;
export type SeriesName = (typeof SERIES_NAMES)[number];

export interface BenchOptions {
  /** If undefined, each series uses its own default. */
  readonly rounds: number | undefined;
  readonly only: readonly SeriesName[];
  /** Numbers of connections that `refresh-once` is measured with. */
  readonly connections: readonly number[];
}

/** @throws Error that names the option */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true },
      connections: { type: 'string', multiple: true },
    },
  });
  const { rounds, only = SERIES_NAMES, connections = ['1000', '10000'] } = values;
  return {
    rounds: rounds === undefined ? undefined : parseCount('--rounds', rounds),
    only: only.map(parseName),
    connections: connections.map((count) => parseCount('--connections', count)),
  };
}

function parseCount(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`${option} must be a number from 1 to 999999, not ${text}`);
}

function parseName(text: string): SeriesName {
  const name = SERIES_NAMES.find((known) => known === text);
  if (name !== undefined) return name;
  throw new Error(`--only must be one of ${SERIES_NAMES.join(', ')}, not ${text}`);
}
