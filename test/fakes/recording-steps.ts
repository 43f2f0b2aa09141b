// Owns the notes of what a run asked of its steps, attempt by attempt, each with the time at which it was asked.
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
  /** What the step is about: an airflow, a token group, an engine; empty for the plan. */
  readonly target: string;
  /** From 1. */
  readonly attempt: number;
  readonly atMs: number;
}

/** @param now the time of the server, which is skipped while a run waits */
export function recordCalls(
  steps: RefreshSteps,
  now: () => Promise<number>,
): { steps: RefreshSteps; calls: readonly RecordedCall[] } {
  const calls: RecordedCall[] = [];
  async function note(step: StepName, target: string): Promise<void> {
    calls.push({ step, target, attempt: Context.current().info.attempt, atMs: await now() });
  }
  function noted<I, T>(
    step: StepName,
    run: (input: I, how: StepCall) => Promise<T>,
    toTarget: (input: I) => string,
  ) {
    return async (input: I, how: StepCall): Promise<T> => {
      await note(step, toTarget(input));
      return run(input, how);
    };
  }
  return {
    calls,
    steps: {
      planRefresh: (how) =>
        noted(
          'planRefresh',
          () => steps.planRefresh(how),
          () => '',
        )(undefined, how),
      inspectConnections: noted(
        'inspectConnections',
        steps.inspectConnections,
        (input: InspectInput) => input.store,
      ),
      extractToken: noted('extractToken', steps.extractToken, (input: ExtractInput) => input.group),
      updateConnections: noted(
        'updateConnections',
        steps.updateConnections,
        (input: UpdateInput) => input.store,
      ),
      testDocker: noted('testDocker', steps.testDocker, (input: DockerInput) => input.engine),
    },
  };
}

/** Milliseconds between each call and the one before. */
export function gapsMs(calls: readonly RecordedCall[]): number[] {
  return calls.slice(1).map((call, index) => call.atMs - (calls[index]?.atMs ?? NaN));
}
