// The real logger, writing to a temporary file that a test can read.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLevel } from '../../src/log/log-level.js';
import { createLogger, type Logger } from '../../src/log/logger.js';

export interface CapturedLog {
  readonly logger: Logger;
  /** Everything that was written so far. */
  text(): string;
  lines(): Record<string, unknown>[];
  close(): void;
}

export function captureLog(level: LogLevel = 'trace'): CapturedLog {
  const folder = mkdtempSync(join(tmpdir(), 'captured-log-'));
  const file = join(folder, 'log');
  const descriptor = openSync(file, 'w');
  const text = (): string => readFileSync(file, 'utf8');
  return {
    logger: createLogger(level, descriptor),
    text,
    lines: () =>
      text()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    close() {
      closeSync(descriptor);
      rmSync(folder, { recursive: true });
    },
  };
}
