// Logs the end of each run, on the worker that completed it.
import type { InjectedSinks } from '@temporalio/worker';
import type { Logger } from '../log/logger.js';
import type { RunLogSinks } from '../refresh/run-log.js';

export function createRunLogSinks(logger: Logger): InjectedSinks<RunLogSinks> {
  return {
    runLog: {
      ended: {
        fn({ workflowId, runId }, { outcome, summary, ...counts }) {
          const fields = { workflowId, runId, ...counts };
          if (outcome === 'refreshed') logger.info(fields, 'run succeeded');
          else logger.error({ ...fields, reason: summary }, 'run failed');
        },
      },
    },
  };
}
