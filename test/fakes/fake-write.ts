// A write to a fake Airflow, as `updateConnections` prepares it.
import { getAllowedRules, type ConfigSource } from '../../src/activities/allowed-config.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import type { Write } from '../../src/activities/read-for-write.js';
import { RecentReads } from '../../src/activities/recent-reads.js';
import { RegistryResolver } from '../../src/activities/registry-resolver.js';
import { Secret } from '../../src/log/secret.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import {
  attemptOf,
  CONFIG_HASH,
  EXPIRES_AT,
  fakeCache,
  fakeSource,
  NOW,
  TOKEN_GROUP,
  type FakeTargets,
} from './fake-ports.js';
import { EU_REGISTRY, REGISTRY } from './fake-steps.js';

export const PASSWORD = 'password-1';

/** Fields of a connection that a write must not change. */
export const KEPT = { schema: 'kept', extra: '{"email":"kept"}', description: 'kept' };

/** Changes after which a connection must not be written. */
export const OBJECTIONS = [
  { title: 'points to another registry', changes: { host: EU_REGISTRY }, type: 'ConnectionRegistryChanged' },
  { title: 'has another type', changes: { type: 'http' }, type: 'ConnectionTypeMismatch' },
  {
    title: 'has a host that is not a registry',
    changes: { host: 'quay.io' },
    type: 'ConnectionRegistryUnknown',
  },
  { title: 'has a port', changes: { port: 443 }, type: 'ConnectionPortSet' },
  { title: 'has another login', changes: { login: 'root' }, type: 'ConnectionLoginMismatch' },
  { title: 'turns reauth off', changes: { extra: '{"reauth":false}' }, type: 'ConnectionReauthDisabled' },
] as const;

export interface FakeWriteOptions extends FakeTargets {
  readonly attempt?: Partial<Attempt>;
  readonly registry?: string;
  readonly attemptsBefore?: number;
  /** A connection that was already written in this run. */
  readonly witness?: string;
}

export function fakeDependencies(source: ConfigSource): Dependencies {
  return {
    source,
    tokens: fakeCache(),
    registries: new RegistryResolver(),
    recentReads: new RecentReads(() => performance.now()),
    negativeChecks: new NegativeCheckCache(() => NOW),
  };
}

/** A write of the token `password-1` for REGISTRY, in the first attempt of an update. */
export function fakeWrite(options: FakeWriteOptions): Write {
  const { registry = REGISTRY, attemptsBefore = 0, witness } = options;
  const source = fakeSource(options);
  const allowed = source.byHash(CONFIG_HASH);
  const store = allowed?.stores.get('main');
  if (!allowed || !store) throw new TypeError('the fake configuration must have a store');
  const password = new Secret(PASSWORD);
  return {
    context: { shared: fakeDependencies(source), allowed, attempt: attemptOf(options.attempt) },
    store,
    rules: getAllowedRules(store, store.rules.named),
    registry,
    token: {
      password,
      fingerprint: password.fingerprint(),
      group: TOKEN_GROUP,
      principalArn: null,
      issuedAt: NOW,
      expiresAt: EXPIRES_AT,
      clockOffsetMs: 0,
    },
    attemptsBefore,
    ...(witness === undefined ? {} : { witness }),
  };
}
