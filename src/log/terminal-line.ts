// A line of the log for a terminal: `18:04:05 info  worker started  version=0.1.0 taskQueue=ecr-refresh`.
import { escapeHidden, toSafeText } from '../refresh/safe-text.js';

/** @param json a line of the logger */
export function formatTerminalLine(json: string): string {
  const { level, time, msg = '', ...fields } = JSON.parse(json) as Record<string, unknown>;
  const values = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`);
  const start = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${toSafeText(String(msg))}`;
  return `${[start, ...(values.length === 0 ? [] : [values.join(' ')])].join('  ')}\n`;
}

/** Text without blanks as it is; all other values as JSON, in one line. */
function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@#+,()-]+$/.test(value)) return value;
  return escapeHidden(JSON.stringify(value));
}
