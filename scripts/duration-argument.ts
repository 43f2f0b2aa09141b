import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** Parses `30s`, `5m` or `1h` into milliseconds, as in the configuration. @throws InvalidArgumentError */
export function durationArgument(text: string): number {
  if (!/^\d{1,6}[smhd]$/.test(text)) throw new InvalidArgumentError('Use a duration such as 30s, 5m or 1h.');
  return ms(text as StringValue);
}
