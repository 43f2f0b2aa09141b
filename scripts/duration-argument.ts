// Owns the reading of durations on the command line: as in the configuration, a whole number and its unit.
import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** Milliseconds of `30s`, `5m`, `1h`. @throws InvalidArgumentError */
export function durationArgument(text: string): number {
  if (!/^\d{1,6}[smhd]$/.test(text))
    throw new InvalidArgumentError('Write a duration such as 30s, 5m or 1h.');
  return ms(text as StringValue);
}
