// Owns what a registry's answer to a token means for the run: who is left alone, what is reported, what is a warning.
import { describeFailure, type FailureInfo } from './failures.js';
import type { ReportBuilder } from './report-builder.js';
import type { PullProbe, RegistryProbe, TokenInfo } from './activity-types.js';

/** What a registry said to a token. */
export function findProbe(facts: TokenInfo, registry: string): RegistryProbe {
  const probe = facts.probes.find((candidate) => candidate.registry === registry);
  return probe ?? { registry, outcome: 'unreachable', message: 'it was not probed' };
}

/** Why the connections of a registry are left alone; undefined when they may be written. */
export function toRejection(probe: RegistryProbe | FailureInfo): FailureInfo | undefined {
  if (!('outcome' in probe)) return probe;
  if (probe.outcome !== 'rejected') return undefined;
  const { type = 'TokenRejected', remedy } = probe;
  const failure = describeFailure(type, `${probe.registry}: ${probe.message}`);
  return remedy === undefined ? failure : { ...failure, remedy };
}

/** Notes what stops nobody. Told once for each registry and token group, however many stores use them. */
export function recordProbe(
  record: ReportBuilder,
  { registry, outcome, message = '', pulls = [] }: RegistryProbe,
): void {
  if (outcome === 'unreachable') {
    record.warn(`Registry ${registry} could not be asked whether it accepts the token: ${message}.`);
  }
  if (outcome === 'inconclusive') {
    record.warn(`The test of the token at ${registry} is inconclusive: ${message}.`);
  }
  recordDenied(
    record,
    registry,
    pulls.filter((pull) => pull.outcome === 'denied'),
  );
  for (const pull of pulls) {
    if (pull.outcome !== 'missing' && pull.outcome !== 'unknown') continue;
    record.warn(
      `Whether images may be pulled is not proven by ${registry}/${pull.image}: ${pull.message ?? ''}.`,
    );
  }
}

/**
 * A missing right is a failure, since the next pull will fail; the token is written all the same, for other images. One
 * failure for all images, since a report has room for one of a type at each registry.
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
