// The page about the failures of a run, from the failure catalogue.
import { failureEntry, FAILURES, type FailureEntry, type FailureType } from '../../src/refresh/failures.js';
import { escapeMarkdown } from './escape-markdown.js';

export function renderFailures(note: string): string {
  const types = Object.keys(FAILURES) as FailureType[];
  const rows = types.map(
    (type) =>
      `| [${type}](#${type.toLowerCase()}) | ${failureEntry(type).scope} | ${failureEntry(type).whoActs} | ${describeRetry(failureEntry(type))} |`,
  );
  const sections = types.map((type) => renderFailure(type, failureEntry(type)));
  return `${note}

# Failures

Every failure of a run has one of these types, in reports and in Temporal. The sections below have the meaning and the
usual fix of each. Where the cause is known better, a report has a more specific fix.

- **Scope** is the smallest part that the failure stops. Everything else continues. A store is an Airflow instance, an engine a
  Docker Engine, and a token group an AWS principal in one region.
- **Who acts** is who can fix it. The operator runs the worker.
- **Retried** is whether the run itself retries: with exponential back-off, or at a fixed interval. Everything else is
  retried by the next scheduled run.

| type | scope | who acts | retried |
| --- | --- | --- | --- |
${rows.join('\n')}

${sections.join('\n')}`;
}

function renderFailure(type: FailureType, entry: FailureEntry): string {
  return `## ${type}

${escapeMarkdown(entry.meaning)}

**Fix:** ${escapeMarkdown(entry.remedy)}

Scope: ${entry.scope}. Who acts: ${entry.whoActs}. Retried within the run: ${describeRetry(entry)}.
`;
}

function describeRetry(entry: FailureEntry): string {
  if (!entry.retryable) return 'no';
  return entry.retryAfterMinutes === undefined ? 'with back-off' : `every ${entry.retryAfterMinutes} min`;
}
