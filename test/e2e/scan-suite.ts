// The secret scan at the end of a suite: an environment that keeps everything that processes leave behind in the
// folder of the suite, and the places to scan.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { TemporalServer } from '../../sandbox/temporal.js';
import { connectClient } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
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
  /** For workers and commands: home, cache and temporary files belong to the suite alone and are scanned. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command; its output is scanned. */
  command(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult>;
  /**
   * Scans everything that workers, commands and Temporal leave behind, and returns how much that was.
   * @throws Error that names all findings, or when there was too little to scan
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
 * @param folder has the logs, databases and configurations of the suite
 * @param secretsFolder a folder in it that holds secrets on purpose and is not scanned
 */
export function startSuiteScan(folder: string, secretsFolder?: string): SuiteScan {
  const watch = processWatch();
  return {
    env: privateEnv(folder),
    async command(args, env) {
      const result = await runCommandLine(args, env);
      appendFileSync(join(folder, 'commands.log'), result.stdout + result.stderr);
      return result;
    },
    async assertNoSecretOut(secrets, { address, dbFile, metricsUrl }, ...more) {
      const { client, close } = await connectClient(plainSettings(address, 'default'));
      try {
        const scanned = await assertNoSecretIn(
          secrets,
          // Logs, outputs of commands, homes, caches and temporary folders.
          secretsFolder === undefined
            ? folderPlaces(folder)
            : excludeFolder(secretsFolder, folderPlaces(folder)),
          temporalDatabasePlaces(dbFile),
          historyPlaces(client),
          metricsPlaces(metricsUrl),
          watch.stop(),
          ...more,
        );
        const { places, bytes } = scanned;
        assert.ok(places > 100 && bytes > 1_000_000, `scanned only ${places} places, ${bytes} bytes`);
        return scanned;
      } finally {
        await close();
      }
    },
    stop: async () => void watch.stop(),
  };
}

/** Without home, caches and credentials of this machine. XDG_CACHE_HOME is not set, so caches are in HOME. */
function privateEnv(folder: string): NodeJS.ProcessEnv {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  for (const path of [home, temporary]) mkdirSync(path, { mode: 0o700 });
  return { PATH: process.env['PATH'], HOME: home, TMPDIR: temporary };
}

async function* excludeFolder(secretsFolder: string, places: AsyncIterable<Place>): AsyncGenerator<Place> {
  let isFound = false;
  for await (const place of places) {
    const isExcluded = place.place.startsWith(secretsFolder + sep);
    isFound ||= isExcluded;
    if (!isExcluded) yield place;
  }
  assert.ok(isFound, `nothing was found in ${secretsFolder}: remove the exception`);
}

/** The secrets that were given or issued to workers and commands. */
export interface SuiteSecrets {
  readonly env: NodeJS.ProcessEnv;
  /** Passwords of the ECR tokens. */
  readonly tokens: readonly string[];
  /** `Authorization` headers sent to Airflow. */
  readonly authorizations: readonly (string | undefined)[];
}

/** @throws AssertionError when there is no token or no JWT */
export function suiteSecrets({ env, tokens, authorizations }: SuiteSecrets): KnownSecret[] {
  const jwts = findBearers(authorizations);
  assert.ok(tokens.length > 0, 'no token was issued');
  assert.ok(jwts.length > 0, 'there was no login to Airflow');
  return [
    // The scan rejects empty secrets.
    { name: 'Airflow password', value: env['AIRFLOW_PASSWORD'] ?? '' },
    { name: 'AWS secret key', value: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    ...jwts.flatMap((jwt, index) => jwtSecrets(`JWT ${index + 1}`, jwt)),
    ...tokens.map((password, index) => ecrTokenSecret(`ECR token ${index + 1}`, password)),
  ];
}

/** Returns the bearer tokens without duplicates. */
function findBearers(authorizations: readonly (string | undefined)[]): string[] {
  const bearers = authorizations.flatMap((header) => /^Bearer (.+)$/.exec(header ?? '')?.[1] ?? []);
  return [...new Set(bearers)];
}

/** A password with characters that are escaped in URLs, forms and JSON. */
export function awkwardPassword(): string {
  return `"p&ss/w+rd=%${randomBytes(24).toString('base64')}`;
}

/** A secret key in the format of AWS. Stand-ins do not check it. */
export function randomAwsKey(): string {
  return randomBytes(30).toString('base64');
}
