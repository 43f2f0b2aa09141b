export interface Statistics {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The maximum time of a contestant: `factor` times the median of the floor, plus `plusMs`. */
export interface Target {
  readonly factor: number;
  readonly plusMs: number;
}

export interface Comparison {
  readonly ratio: number;
  readonly differenceMs: number;
  readonly isMet: boolean;
}

/** @param values at least one */
export function computeStatistics(values: readonly number[]): Statistics {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) {
    throw new RangeError('no values');
  }
  return { median: (lower + upper) / 2, min, max };
}

export function compareMedians(floor: Statistics, other: Statistics, target: Target): Comparison {
  return {
    ratio: other.median / floor.median,
    differenceMs: other.median - floor.median,
    isMet: other.median <= target.factor * floor.median + target.plusMs,
  };
}
