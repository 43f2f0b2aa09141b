// `connections` of a store: ids and patterns.
import { z } from 'zod';
import type { ConnectionRule } from '../../refresh/connection-rules.js';
import { checkTogether, type Settings } from './checks.js';
import { ifThen, forbid, requireOneOf } from './for-editors.js';
import { connectionId, connectionPattern, isScalar, nameSchema } from './values.js';
import { CONFIG_LIMITS } from '../../refresh/config-limits.js';

const ruleSchema = z.strictObject({
  id: connectionId.exactOptional().meta({ description: 'Id of one connection.', examples: ['docker_eu'] }),
  match: connectionPattern.exactOptional().meta({
    description:
      'Pattern of ids, instead of `id`: selects every docker connection whose whole id matches; case-sensitive. ' +
      '`*` matches any number of characters, `?` exactly one. Connections are listed at each run, so that new ones ' +
      'are found.',
    examples: ['*_ecr'],
  }),
  registry: nameSchema.exactOptional().meta({
    description:
      'Name of the entry of `registries` that the connection must belong to; a connection of another registry is ' +
      'reported and not changed. Default: any ECR registry and any entry of `registries`.',
    examples: ['eu'],
  }),
  ifMissing: z
    .enum(['fail', 'create'], { error: 'must be fail or create' })
    .exactOptional()
    .meta({
      description:
        'What happens when there is no connection with this `id`: `fail` (the default) reports it; `create` ' +
        'creates it with type docker, login AWS and the host of `registry`, which is then required.',
      examples: ['create'],
    }),
});

type RuleSettings = z.output<typeof ruleSchema>;

const longForm = checkTogether(ruleSchema, checkRule, toRule).meta({
  ...requireOneOf(['id'], ['match']),
  dependentSchemas: { match: forbid('match', 'id', 'ifMissing') },
  ...ifThen(
    { required: ['ifMissing'], properties: { ifMissing: { const: 'create' } } },
    { required: ['registry'] },
  ),
  title: '{id: ID} or {match: PATTERN}',
});

const shortForm = connectionId.transform((id): ConnectionRule => ({ kind: 'id', id, ifMissing: 'fail' }));

export const connectionsSchema = z
  .array(
    z.union([shortForm, longForm], {
      error: ({ input }) =>
        isScalar(input) ? 'must be text' : 'must be an id, or a mapping with `id` or `match`',
    }),
  )
  .min(1)
  .max(CONFIG_LIMITS.connectionsOfStore);

function checkRule({ valid, isGiven, report }: Settings<RuleSettings>): void {
  if (isGiven('id') && isGiven('match')) {
    const remedy = 'Use two entries: one with `id`, one with `match`.';
    report({ code: 'conflict', message: 'cannot be combined with `id`', remedy }, 'match');
  } else if (!isGiven('id') && !isGiven('match')) {
    const remedy = 'Use the form `- {id: docker_eu}` or `- {match: "*_ecr"}`.';
    report({ code: 'missing', message: 'needs `id` or `match`', remedy });
  }
  if (isGiven('match') && isGiven('ifMissing')) {
    const message = 'cannot be combined with `match`, which selects existing connections';
    report({ code: 'conflict', message, remedy: 'Remove `ifMissing`.' }, 'ifMissing');
  } else if (valid.ifMissing === 'create' && !isGiven('registry')) {
    const message = '`create` requires `registry`, because the new connection gets the host of that registry';
    const remedy = 'Add `registry: NAME` with the name of an entry of `registries`.';
    report({ code: 'requires', message, remedy }, 'ifMissing');
  }
}

function toRule({ id, match, registry, ifMissing = 'fail' }: RuleSettings): ConnectionRule {
  const limit = registry === undefined ? {} : { registry };
  return id === undefined
    ? { kind: 'match', pattern: match ?? '', ...limit }
    : { kind: 'id', id, ...limit, ifMissing };
}
