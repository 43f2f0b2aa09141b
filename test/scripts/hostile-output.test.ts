import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describeError, formatJson, formatResult, printLine } from '../../scripts/command-line.js';
import { CommandFailed, toErrorDocument } from '../../scripts/error-document.js';
import { formatApplied, formatChanged } from '../../scripts/format-apply.js';
import { formatChecks, toDocument } from '../../scripts/format-checks.js';
import { formatPreview, formatReport } from '../../scripts/format-report.js';
import { observeRun } from '../../scripts/format-run-events.js';
import { formatSchedule, toScheduleDocument } from '../../scripts/format-schedule.js';
import { formatStatus } from '../../scripts/format-status.js';
import { buildProgram } from '../../scripts/program.js';
import { logError } from '../../scripts/worker-log.js';
import { ConfigError } from '../../src/config/config-error.js';
import { formatTerminalLine } from '../../src/log/terminal-line.js';
import { describeFailure, RefreshFailure } from '../../src/refresh/failures.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { OtherDeployment } from '../../src/schedule/other-deployment.js';
import { toStatus } from '../../src/status/status.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';
import { TemporalUnavailable } from '../../src/temporal/unavailable.js';
import { NativeLibraryMissing } from '../../src/temporal/worker/native-library.js';
import { WorkerFailed } from '../../src/temporal/worker/worker-failed.js';
import type { Remedy } from '../../src/refresh/remedies/remedy.js';
import { captureLog } from '../fakes/captured-log.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { failure } from '../fakes/fake-report.js';
import { runInProgress, runStep, scheduleState, statusFacts } from '../fakes/fake-status.js';
import { assertSafe, assertSafeJson, hostileText, poison } from '../fakes/hostile-texts.js';
import { listOtherChecks } from '../golden/sample-checks.js';
import { incompleteReport, PREVIEW, unprovenReport } from '../golden/sample-reports.js';
import { describeAs } from '../golden/sample-schedules.js';

const TIME = '2026-01-01T04:05:00.000Z';
const RUN = { workflowId: 'ecr-refresh-run', runId: 'run-1' };
const WIDTHS = [20, 80, 240, 100_000];

/** For any texts in the document: the output is safe, and with --json it has the same values. */
function assertResult<T>(document: T, format: (safe: T, width: number) => string): void {
  fc.assert(
    fc.property(poison(document), fc.constantFrom(...WIDTHS), (poisoned, width) => {
      assertSafe(formatResult(poisoned, (safe) => format(safe, width)));
      assertSafeJson(formatJson(poisoned), poisoned);
    }),
    { numRuns: 40 },
  );
}

/** What is written to a standard stream. */
function capture(name: 'stdout' | 'stderr', print: () => void): string {
  const stream = process[name];
  const { write } = stream;
  let text = '';
  stream.write = (chunk: unknown): boolean => {
    text += String(chunk);
    return true;
  };
  try {
    print();
  } finally {
    stream.write = write;
  }
  return text;
}

describe('the output of a command with hostile texts', () => {
  it('is safe for a report', async () => {
    assertResult(await incompleteReport(), formatReport);
    assertResult(await unprovenReport(), formatReport);
  });

  it('is safe for a dry run', () => assertResult(PREVIEW, formatPreview));

  it('is safe for the status', async () => {
    const report = await incompleteReport();
    const step = runStep({
      failedAttempts: 4,
      failingSince: TIME,
      failure: describeFailure('StoreUnreachable', 'Airflow main: connection refused'),
      nextAttemptAt: TIME,
    });
    const facts = await statusFacts({
      report,
      schedule: scheduleState({ paused: true, note: 'maintenance' }),
      run: runInProgress({ steps: [step], report, waitingForWorkerSince: TIME }),
      openRuns: ['run-1', 'run-2'],
    });
    assertResult(toStatus(facts, { failingForMs: 0 }), formatStatus);
  });

  it('is safe for a schedule', () => {
    const created = describeAs(buildScheduleOptions(fakeConfig()));
    const paused = describeAs(buildScheduleOptions(fakeConfig()), { state: { paused: true, note: 'n' } });
    for (const comparison of [
      { differences: [], summary: 'every 4 h' },
      { differences: ['interval', 'jitter'], summary: 'every 4 h' },
      { notCompared: 'no file' },
    ]) {
      assertResult(toScheduleDocument(created, [RUN], comparison), formatSchedule);
      assertResult(toScheduleDocument(paused, [RUN], comparison), formatSchedule);
    }
  });

  it('is safe for a change of the schedule', () => {
    const applied = { scheduleId: 'ecr-refresh', summary: 'every 4 h', paused: true, nextRunAt: null };
    const firstRun = { ...RUN, alreadyRunning: true };
    assertResult(applied, (safe) => formatApplied({ ...safe, outcome: 'created', firstRun }));
    assertResult(firstRun, (safe) =>
      formatApplied({ ...applied, outcome: 'created', firstRun: safe, nextRunAt: TIME }),
    );
    const changed = { scheduleId: 'ecr-refresh', running: [RUN], nextRunAt: TIME };
    assertResult(changed, (safe) => formatChanged({ ...safe, outcome: 'unpaused' }));
  });

  it('is safe for the checks of doctor', () => {
    const checks = listOtherChecks().flatMap(([, each]) => each);
    assertResult(toDocument(checks), (document) => formatChecks(document.checks));
  });

  it('is safe for the events of a run, each in one line', () => {
    const attempt = { step: 'inspectConnections', target: 'main', attempt: 1, nextAttemptAt: TIME } as const;
    const failed = { ...attempt, failure: describeFailure('StoreUnreachable', 'refused') };
    fc.assert(
      fc.property(poison({ failed, part: failure() }), hostileText(), (events, taskQueue) => {
        const observer = observeRun(printLine, taskQueue);
        for (const print of [
          () => observer.onFailedAttempt(events.failed),
          () => observer.onFailedPart(events.part),
          () => observer.onWaitingForWorker(TIME),
        ]) {
          const output = capture('stdout', print);
          assertSafe(output);
          assert.equal(output.indexOf('\n'), output.length - 1);
        }
      }),
    );
  });
});

describe('the code of the commands', () => {
  it('writes to the standard streams only through the filter', () => {
    const files = [...listSources('scripts'), ...listSources('src')].filter(
      (file) => !file.startsWith('scripts/dev/'),
    );
    assert.deepEqual(
      files.filter((file) =>
        /\bprocess\.std(?:out|err)\.write\(|\bwriteSync\(/.test(readFileSync(file, 'utf8')),
      ),
      // Each of these lines escapes what it writes: see the tests here, and those of the logger.
      ['scripts/program.ts', 'src/log/logger.ts'],
    );
  });
});

function listSources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .toSorted();
}

const PLATFORM = { os: 'linux', arch: 'x64', libc: 'musl', node: '22.0.0' };
const STORE = { name: 'main', deployment: 'https://airflow.example.com' };

/** One error of each kind that commands print. */
function listErrors([a = '', b = '', c = '']: readonly string[]): unknown[] {
  const problem = { code: 'invalid', path: a, line: 1, message: b, remedy: c } as const;
  return [
    new ConfigError(c, [problem, { ...problem, path: '' }]),
    new TemporalSettingsInvalid([{ setting: a, message: b, remedy: c }]),
    new RefreshFailure('AwsThrottled', `AWS ${a}`, b as Remedy),
    new OtherDeployment(a, [{ ...STORE, name: b }], [{ ...STORE, deployment: c }]),
    new NativeLibraryMissing(a, { ...PLATFORM, node: b }),
    new WorkerFailed(a, new Error(b)),
    new TemporalUnavailable('failed', `Temporal at ${a}`),
    new CommandFailed(`The run ${a}`, b),
    Object.assign(new TypeError(a), { code: b, name: c }),
    a,
  ];
}

const threeTexts = fc
  .tuple(hostileText(), hostileText(), hostileText())
  .map((texts) => texts.map((text) => `x${text}`));

describe('an error with hostile texts', () => {
  it('is printed safely', () =>
    fc.assert(
      fc.property(threeTexts, (texts) => {
        for (const error of listErrors(texts)) {
          assertSafe(describeError(error));
          const document = toErrorDocument(error);
          assertSafeJson(formatJson(document), document);
        }
      }),
    ));

  it('is logged safely by the worker, as JSON and for a terminal', () => {
    fc.assert(
      fc.property(threeTexts, (texts) => {
        const log = captureLog();
        try {
          for (const error of listErrors(texts)) logError(log.logger, error);
          assertSafe(log.text());
          const lines = log.lines().map((line) => formatTerminalLine(JSON.stringify(line)));
          assertSafe(lines.join(''));
          assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1));
        } finally {
          log.close();
        }
      }),
    );
  });

  it('is printed safely where it quotes the command line', () => {
    const usages = (text: string): string[][] => [
      [text],
      [`--${text}`],
      ['status', `--${text}`],
      ['status', text],
      ['status', '--failing-for', text],
      ['worker', '--log-level', text],
      ['schedule', text],
    ];
    fc.assert(
      fc.property(hostileText(), (text) => {
        for (const args of usages(`x${text}`)) {
          const output = capture('stderr', () => {
            const program = buildProgram();
            // The version and the help end the process, too.
            for (const command of [
              program,
              ...program.commands,
              ...program.commands.flatMap((each) => each.commands),
            ])
              command.exitOverride();
            assert.throws(() => program.parse(args, { from: 'user' }));
          });
          assert.notEqual(output, '');
          assertSafe(output);
        }
      }),
    );
  });
});
