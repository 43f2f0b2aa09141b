// The last way to a Temporal CLI: the download that the Temporal SDK does itself, from Temporal's own site.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder } from './cache-folder.js';
import { isExecutable } from './executables.js';

/**
 * The CLI in the cache folder, downloaded by the SDK when it is not there yet. The SDK downloads only in order to
 * start a server, so one is started and stopped.
 * @throws Error with the remedy when Temporal's site cannot be reached
 */
export async function downloadTemporalCli(): Promise<string> {
  const downloadDir = join(cacheFolder(), 'temporal-sdk');
  mkdirSync(downloadDir, { recursive: true });
  const known = findIn(downloadDir);
  if (known) return known;
  try {
    const executable = { type: 'cached-download', downloadDir } as const;
    const server = await TestWorkflowEnvironment.createLocal({ server: { executable, ip: '127.0.0.1' } });
    await server.teardown();
  } catch {
    throw new Error(
      "The Temporal SDK could not download it from Temporal's site either: is there a network?",
    );
  }
  const downloaded = findIn(downloadDir);
  if (downloaded) return downloaded;
  throw new Error(`The Temporal SDK left no program in ${downloadDir}.`);
}

function findIn(folder: string): string | undefined {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => isExecutable(path));
}
