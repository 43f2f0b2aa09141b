// Converts the result of verifying a token with a registry to a failure or a warning of the run.
import { describeFailure, type FailureInfo } from './failures.js';
import type { ReportBuilder } from './report-builder.js';
import type { PullProbe, RegistryProbe, TokenInfo } from './activity-types.js';

/** The result of verifying the token with a registry. */
export function findProbe(facts: TokenInfo, registry: string): RegistryProbe {
  const probe = facts.probes.find((candidate) => candidate.registry === registry);
  return probe ?? { registry, outcome: 'unreachable', message: 'the registry was not checked' };
}

/** Why the connections of a registry must not be written; undefined when they may be written. */
export function toRejection(probe: RegistryProbe | FailureInfo): FailureInfo | undefined {
  if (!('outcome' in probe)) return probe;
  if (probe.outcome !== 'rejected') return undefined;
  const { type = 'TokenRejected', remedy } = probe;
  const failure = describeFailure(type, `${probe.registry}: ${probe.message}`);
  return remedy === undefined ? failure : { ...failure, remedy };
}

/** Records what does not stop an update, once per registry and token group, for all stores that use them. */
export function recordProbe(
  record: ReportBuilder,
  { registry, outcome, message = '', pulls = [] }: RegistryProbe,
): void {
  if (outcome === 'unreachable') {
    // Neutral about the write: a dry run shows the same warning.
    record.warn(
      `The token could not be verified with registry ${registry}: ${message}. This does not stop the refresh.`,
    );
  }
  if (outcome === 'inconclusive') {
    record.warn(`The check of the token with registry ${registry} is inconclusive: ${message}.`);
  }
  recordDenied(
    record,
    registry,
    pulls.filter((pull) => pull.outcome === 'denied'),
  );
  for (const pull of pulls) {
    if (pull.outcome !== 'missing' && pull.outcome !== 'unknown') continue;
    record.warn(`Pull access was not verified for ${registry}/${pull.image}: ${pull.message ?? ''}.`);
  }
}

/**
 * A missing permission is a failure because the next pull will fail; the token is written anyway, for other images. All
 * images share one failure because a report has one failure per type and registry.
 */
function recordDenied(
  record: ReportBuilder,
  registry: string,
  [first, ...others]: readonly PullProbe[],
): void {
  if (!first) return;
  const more = others.length === 0 ? '' : `; also denied: ${others.map(({ image }) => image).join(', ')}`;
  const message = `${registry}/${first.image}: ${first.message ?? ''}${more}`;
  record.fail({ stage: 'test', registry }, describeFailure('RegistryPullDenied', message));
}
