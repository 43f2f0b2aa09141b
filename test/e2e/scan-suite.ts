// Owns the scan that ends a suite of real processes: an environment that keeps what they leave behind in the suite's
// folder, and every place to look at. Refuses to look for less than every kind of secret.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { TemporalServer } from '../../sandbox/temporal.js';
import { connectClient } from '../../src/temporal/connection.js';
import { assertNoSecretIn } from '../secret-scan/assert-no-secret.js';
import type { KnownSecret } from '../secret-scan/find-secrets.js';
import { historyPlaces } from '../secret-scan/history-places.js';
import {
  folderPlaces,
  metricsPlaces,
  temporalDatabasePlaces,
  type Place,
  type Places,
} from '../secret-scan/places.js';
import { processWatch } from '../secret-scan/process-watch.js';
import { ecrTokenSecret, jwtSecrets } from '../secret-scan/secret-core.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

export interface SuiteScan {
  /** For workers and commands: home, cache and temporary files are scanned, and are nobody else's. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command; what it prints is scanned. */
  command(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult>;
  /**
   * Looks for the secrets wherever workers, commands and Temporal leave something; answers how much that was.
   * @throws Error that names all that was found, or when there was little to look at
   */
  assertNoSecretOut(
    secrets: readonly KnownSecret[],
    temporal: Pick<TemporalServer, 'address' | 'dbFile' | 'metricsUrl'>,
    ...more: readonly Places[]
  ): Promise<{ places: number; bytes: number }>;
  stop(): Promise<void>;
}

/**
 * Watches processes from now on.
 * @param folder logs, databases and configurations of the suite lie there
 * @param keeper a folder below it where secrets belong, which is not looked at
 */
export function startSuiteScan(folder: string, keeper?: string): SuiteScan {
  const watch = processWatch();
  return {
    env: privateEnv(folder),
    async command(args, env) {
      const result = await runCommandLine(args, env);
      appendFileSync(join(folder, 'commands.log'), result.stdout + result.stderr);
      return result;
    },
    async assertNoSecretOut(secrets, { address, dbFile, metricsUrl }, ...more) {
      const settings = { connectionOptions: { address }, address, namespace: 'default' };
      const { client, close } = await connectClient(settings);
      try {
        const looked = await assertNoSecretIn(
          secrets,
          // Logs, outputs of commands, homes, caches and temporary folders.
          keeper === undefined ? folderPlaces(folder) : outsideOf(keeper, folderPlaces(folder)),
          temporalDatabasePlaces(dbFile),
          historyPlaces(client),
          metricsPlaces(metricsUrl),
          watch.stop(),
          ...more,
        );
        const { places, bytes } = looked;
        assert.ok(places > 100 && bytes > 1_000_000, `looked at ${places} places, ${bytes} bytes only`);
        return looked;
      } finally {
        await close();
      }
    },
    stop: async () => void watch.stop(),
  };
}

/** Nothing of this machine's own home, caches and credentials: XDG_CACHE_HOME is not set, so caches lie in HOME. */
function privateEnv(folder: string): NodeJS.ProcessEnv {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  for (const made of [home, temporary]) mkdirSync(made, { mode: 0o700 });
  return { PATH: process.env['PATH'], HOME: home, TMPDIR: temporary };
}

async function* outsideOf(keeper: string, places: AsyncIterable<Place>): AsyncGenerator<Place> {
  let wasThere = false;
  for await (const place of places) {
    const isKept = place.place.startsWith(keeper + sep);
    wasThere ||= isKept;
    if (!isKept) yield place;
  }
  assert.ok(wasThere, `there is no ${keeper}: the exception is for nothing`);
}

/** What a suite has given to workers and commands, and what its parts have issued to them. */
export interface SuiteSecrets {
  readonly env: NodeJS.ProcessEnv;
  /** Passwords of the tokens of ECR. */
  readonly tokens: readonly string[];
  /** Headers `Authorization` that Airflow was sent. */
  readonly authorizations: readonly (string | undefined)[];
}

/** All of them as a scan looks for them. @throws Error when there is none of a kind */
export function suiteSecrets({ env, tokens, authorizations }: SuiteSecrets): KnownSecret[] {
  const jwts = bearersIn(authorizations);
  assert.ok(tokens.length > 0, 'no token was issued');
  assert.ok(jwts.length > 0, 'nobody signed in to Airflow');
  return [
    // The scan refuses empty ones.
    { name: 'Airflow password', value: env['AIRFLOW_PASSWORD'] ?? '' },
    { name: 'AWS secret key', value: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    ...jwts.flatMap((jwt, index) => jwtSecrets(`JWT ${index + 1}`, jwt)),
    ...tokens.map((password, index) => ecrTokenSecret(`ECR token ${index + 1}`, password)),
  ];
}

/** Each bearer once. */
function bearersIn(authorizations: readonly (string | undefined)[]): string[] {
  const bearers = authorizations.flatMap((header) => /^Bearer (.+)$/.exec(header ?? '')?.[1] ?? []);
  return [...new Set(bearers)];
}

/** Of characters that look otherwise in URLs, forms and JSON. */
export function awkwardPassword(): string {
  return `"p&ss/w+rd=%${randomBytes(24).toString('base64')}`;
}

/** Of the form that AWS gives them. Stand-ins do not look at it. */
export function randomAwsKey(): string {
  return randomBytes(30).toString('base64');
}
