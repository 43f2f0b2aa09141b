// Records every attempt of a run's steps, with its time.
import { Context } from '@temporalio/activity';
import type {
  DockerInput,
  ExtractInput,
  InspectInput,
  RefreshSteps,
  StepCall,
  StepName,
  UpdateInput,
} from '../../src/refresh/activity-types.js';

export interface RecordedCall {
  readonly step: StepName;
  /** The store, token group or engine of the step; empty for the plan. */
  readonly target: string;
  /** From 1. */
  readonly attempt: number;
  readonly atMs: number;
}

/** @param now the server's time, which a time-skipping server advances while a run waits */
export function recordCalls(
  steps: RefreshSteps,
  now: () => Promise<number>,
): { steps: RefreshSteps; calls: readonly RecordedCall[] } {
  const calls: RecordedCall[] = [];
  async function record(step: StepName, target: string): Promise<void> {
    calls.push({ step, target, attempt: Context.current().info.attempt, atMs: await now() });
  }
  function recorded<I, T>(
    step: StepName,
    run: (input: I, how: StepCall) => Promise<T>,
    toTarget: (input: I) => string,
  ) {
    return async (input: I, how: StepCall): Promise<T> => {
      await record(step, toTarget(input));
      return run(input, how);
    };
  }
  return {
    calls,
    steps: {
      planRefresh: (how) =>
        recorded(
          'planRefresh',
          () => steps.planRefresh(how),
          () => '',
        )(undefined, how),
      inspectConnections: recorded(
        'inspectConnections',
        steps.inspectConnections,
        (input: InspectInput) => input.store,
      ),
      extractToken: recorded('extractToken', steps.extractToken, (input: ExtractInput) => input.group),
      updateConnections: recorded(
        'updateConnections',
        steps.updateConnections,
        (input: UpdateInput) => input.store,
      ),
      testDocker: recorded('testDocker', steps.testDocker, (input: DockerInput) => input.engine),
    },
  };
}

/** Milliseconds between consecutive calls. */
export function gapsMs(calls: readonly RecordedCall[]): number[] {
  return calls.slice(1).map((call, index) => call.atMs - (calls[index]?.atMs ?? NaN));
}
