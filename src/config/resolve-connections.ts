// Owns which connections an airflow's entries pick, and that no two entries pick the same one.
// Refuses entries that say too little, too much, or what another entry says already.
import { matches, overlap, type ConnectionRule } from '../refresh/connection-rules.js';
import { formatPath, type SettingPath } from './config-error.js';
import {
  getField,
  isMapping,
  toList,
  reportDuplicate,
  reportUnknownName,
  isPresent,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { connectionRuleSchema } from './schema/airflows.js';
import { connectionId } from './schema/values.js';

/** Comparing patterns takes the square of their number; each of them stands for any number of connections. */
const MAX_PATTERNS = 100;

/** A rule and the place of its entry. */
export interface PlacedRule {
  readonly rule: ConnectionRule;
  readonly at: SettingPath;
}

/** The entries of a parsed `connections`; those with faults, all reported, are left out. */
export function resolveConnections(
  raw: unknown,
  at: SettingPath,
  registries: readonly string[],
  resolution: Resolution,
): PlacedRule[] {
  return toList(raw)
    .map((item, index) => {
      const here = [...at, index];
      const rule = resolveRule(item, here, registries, resolution);
      return rule && { rule, at: here };
    })
    .filter((placed) => placed !== undefined);
}

function resolveRule(
  raw: unknown,
  at: SettingPath,
  registries: readonly string[],
  resolution: Resolution,
): ConnectionRule | undefined {
  if (!isMapping(raw)) {
    const id = connectionId.safeParse(raw).data;
    return id === undefined ? undefined : { kind: 'id', id, ifMissing: 'fail' };
  }
  checkTogether(raw, at, resolution);
  const { id, match, registry, ifMissing } = validFields(connectionRuleSchema, raw);
  if (registry !== undefined && !registries.includes(registry)) {
    reportUnknownName(registry, registries, 'registry', [...at, 'registry'], resolution);
  }
  const ofRegistry = registry === undefined ? {} : { registry };
  if (id !== undefined) return { kind: 'id', id, ...ofRegistry, ifMissing: ifMissing ?? 'fail' };
  return match === undefined ? undefined : { kind: 'match', pattern: match, ...ofRegistry };
}

function checkTogether(raw: object, at: SettingPath, { report }: Resolution): void {
  const isGiven = (key: string): boolean => isPresent(raw, key, connectionRuleSchema);
  if (isGiven('id') && isGiven('match')) {
    report([...at, 'match'], 'stands beside id', 'Write two entries: one with id, one with match.');
  } else if (!isGiven('id') && !isGiven('match')) {
    report(at, 'names no connection', 'Write for example `- {id: docker_eu}` or `- {match: "*_ecr"}`.');
  }
  if (isGiven('match') && isGiven('ifMissing')) {
    report([...at, 'ifMissing'], 'stands beside match, which picks only what is there', 'Remove it.');
  } else if (getField(raw, 'ifMissing') === 'create' && !isGiven('registry')) {
    report(
      [...at, 'ifMissing'],
      'is create, without the registry whose host the new connection shall have',
      'Add `registry: NAME` with the name of an entry of `registries`.',
    );
  }
}

/** Refuses what picks a connection that an entry before it picks, among all entries for one Airflow. */
export function reportOverlaps(placed: readonly PlacedRule[], resolution: Resolution): void {
  const seen = new Map<string, string>();
  for (const { rule, at } of placed) {
    if (rule.kind === 'id') reportDuplicate(rule.id, at, seen, 'the connection', resolution.report);
  }
  const patterns = placed.filter(({ rule }) => rule.kind === 'match');
  const tooMany = patterns[MAX_PATTERNS];
  if (tooMany) {
    const message = `is one pattern more than the ${MAX_PATTERNS} that one Airflow may have`;
    resolution.report(tooMany.at, message, 'Join patterns, or list ids.');
    return;
  }
  for (const pattern of patterns) refuseOverlap(pattern, placed, resolution);
}

/** One fault for each pattern, however many entries it meets: a `*` may meet thousands. */
function refuseOverlap(pattern: PlacedRule, placed: readonly PlacedRule[], { report }: Resolution): void {
  const before = placed.indexOf(pattern);
  const met = placed.filter(({ rule }, index) => meets(pattern.rule, rule, index < before));
  const [first, ...more] = met;
  if (!first) return;
  const others = more.length === 0 ? '' : ` and of ${more.length} more`;
  report(
    [...pattern.at, 'match'],
    first.rule.kind === 'id'
      ? `also picks the connection of ${formatPath(first.at)}${others}`
      : `may pick the same connections as ${formatPath(first.at)}${others}`,
    'Narrow the pattern, or remove one of the two: one entry alone decides about a connection.',
  );
}

/** Of two patterns that meet, the later one is to blame; ids are met wherever they stand. */
function meets(pattern: ConnectionRule, other: ConnectionRule, isBefore: boolean): boolean {
  if (pattern.kind !== 'match') return false;
  if (other.kind === 'id') return matches(pattern.pattern, other.id);
  return isBefore && overlap(pattern.pattern, other.pattern);
}
