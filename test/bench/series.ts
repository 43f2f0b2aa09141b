// A series: contestants that take turns, the floor first, so that a change in the machine's load affects all of them.
import { compareMedians, computeStatistics, type Statistics, type Target } from './statistics.js';

export interface Contestant {
  readonly name: string;
  /** Runs before each of its rounds; not measured. */
  readonly prepare?: () => Promise<void>;
  /** Returns the measured milliseconds. @throws when its result is wrong */
  readonly run: () => Promise<number>;
  /** The longest delay of the event loop in all rounds, if it is measured. */
  readonly getLongestDelayMs?: () => number | undefined;
}

export interface Series {
  readonly title: string;
  readonly rounds: number;
  readonly floor: Contestant;
  readonly others: readonly (Contestant & { readonly target: Target })[];
}

/** Returns the lines of the table. */
export async function runSeries(series: Series, report: (line: string) => void): Promise<string[]> {
  const { title, rounds, floor, others } = series;
  const contestants = [floor, ...others];
  const times = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of contestants) {
      await contestant.prepare?.();
      const ms = await contestant.run();
      times.get(contestant)?.push(ms);
      report(`${title}, round ${round}: ${contestant.name} ${formatMs(ms)}`);
    }
  }
  const getStatistics = (contestant: Contestant): Statistics =>
    computeStatistics(times.get(contestant) ?? []);
  const floorStatistics = getStatistics(floor);
  return [
    formatHeading(`${title}, ${rounds} rounds`),
    formatRow(floor.name, floorStatistics),
    ...others.map((other) => {
      const statistics = getStatistics(other);
      return `${formatRow(other.name, statistics)}   ${formatComparison(floorStatistics, statistics, other.target)}`;
    }),
    ...contestants.flatMap(({ name, getLongestDelayMs }) => {
      const ms = getLongestDelayMs?.();
      return ms === undefined ? [] : [`  longest delay of the event loop, ${name}: ${formatMs(ms)}`];
    }),
  ];
}

const NAME_WIDTH = 48;
const NUMBER_WIDTH = 12;

function formatHeading(title: string): string {
  const columns = ['median', 'min', 'max'].map((column) => column.padStart(NUMBER_WIDTH));
  return `${title.padEnd(NAME_WIDTH)}${columns.join('')}   against the floor`;
}

function formatRow(name: string, { median, min, max }: Statistics): string {
  const columns = [median, min, max].map((ms) => formatMs(ms).padStart(NUMBER_WIDTH));
  return `  ${name.padEnd(NAME_WIDTH - 2)}${columns.join('')}`;
}

function formatComparison(floor: Statistics, other: Statistics, target: Target): string {
  const { ratio, differenceMs, isMet } = compareMedians(floor, other, target);
  const result = `${ratio.toFixed(2)} x, ${differenceMs < 0 ? '' : '+'}${formatMs(differenceMs)}`;
  return `${result}; target at most ${formatTarget(target)}: ${isMet ? 'met' : 'missed'}`;
}

function formatTarget({ factor, plusMs }: Target): string {
  const parts = [`${factor.toFixed(1)} x`, ...(plusMs === 0 ? [] : [`+${formatMs(plusMs)}`])];
  return parts.join(' ');
}

function formatMs(ms: number): string {
  return `${Math.round(ms).toLocaleString('en')} ms`;
}
