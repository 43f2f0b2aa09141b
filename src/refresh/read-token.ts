// Reads the facts about a token from the result of a step.
import type { PullProbe, RegistryProbe, TokenInfo } from './activity-types.js';
import { CONFIG_LIMITS } from './config-limits.js';
import { getRemedy, isFailureType, type FailureType } from './failures.js';
import { parseRemedy } from './parse-remedy.js';
import type { Remedy } from './remedies/remedy.js';
import {
  expect,
  expectSubset,
  expectUnique,
  listOf,
  oneOf,
  optional,
  orNull,
  readFields,
  readFlag,
  readName,
  readText,
  readTime,
} from './read-value.js';

const MAX_WARNINGS = 100;

const OUTCOMES = ['accepted', 'inconclusive', 'rejected', 'unreachable'] as const;
const PULL_OUTCOMES = ['allowed', 'denied', 'missing', 'unknown'] as const;

/**
 * @param registries the only ones that the token may have been verified with
 * @throws UnexpectedValue
 */
export function readToken(value: unknown, group: string, registries: readonly string[]): TokenInfo {
  const token = readFields(value);
  expect(token['group'] === group);
  const probes = listOf(readProbe, registries.length)(token['probes']);
  const probed = probes.map(({ registry }) => registry);
  expectUnique(probed);
  expectSubset(probed, registries);
  return {
    group,
    region: readName(token['region']),
    principalArn: orNull(readName)(token['principalArn']),
    issuedAt: readTime(token['issuedAt']),
    expiresAt: readTime(token['expiresAt']),
    fingerprint: readFingerprint(token['fingerprint']),
    probes,
    ...optional(token, 'usableUntil', readTime),
    ...optional(token, 'outlivesSession', readFlag),
    ...optional(token, 'warnings', listOf(readText, MAX_WARNINGS)),
    ...optional(token, 'sessionWarning', readText),
  };
}

function readProbe(value: unknown): RegistryProbe {
  const probe = readFields(value);
  const type = optional(probe, 'type', readFailureType);
  return {
    registry: readName(probe['registry']),
    outcome: oneOf(OUTCOMES)(probe['outcome']),
    ...optional(probe, 'message', readText),
    ...type,
    ...optional(probe, 'remedy', (remedy) => readRemedy(type.type ?? 'TokenRejected', remedy)),
    ...optional(probe, 'pulls', listOf(readPull, CONFIG_LIMITS.images)),
  };
}

function readPull(value: unknown): PullProbe {
  const pull = readFields(value);
  return {
    image: readName(pull['image']),
    outcome: oneOf(PULL_OUTCOMES)(pull['outcome']),
    ...optional(pull, 'message', readText),
  };
}

export function readFailureType(value: unknown): FailureType {
  expect(typeof value === 'string' && isFailureType(value));
  return value;
}

export function readFingerprint(value: unknown): string {
  expect(typeof value === 'string' && /^[0-9a-f]{12}$/.test(value));
  return value;
}

/** The remedy that a failure of the type may have. */
export function readRemedy(type: FailureType, remedy: unknown): Remedy {
  return parseRemedy(remedy) ?? getRemedy(type);
}
