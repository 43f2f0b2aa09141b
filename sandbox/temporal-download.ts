// Gets the Temporal CLI through the Temporal SDK's own download, as the last option.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder } from './cache-folder.js';
import { isExecutable } from './executables.js';

/**
 * The CLI in the cache folder, downloaded by the SDK if it is missing. The SDK downloads it only to start a server, so
 * a server is started and stopped.
 * @throws Error with a fix when Temporal's site cannot be reached
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
      "The Temporal SDK could not download it from Temporal's site either. Check the network connection.",
    );
  }
  const downloaded = findIn(downloadDir);
  if (downloaded) return downloaded;
  throw new Error(`The Temporal SDK downloaded no executable file to ${downloadDir}.`);
}

function findIn(folder: string): string | undefined {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => isExecutable(path));
}
