// Owns where a secret could have got to: files, Temporal's database, its histories, metrics, process arguments.
// Refuses to skip what it cannot read: only what vanishes while it is looked at is left out.
import { execFile } from 'node:child_process';
import type { Dirent } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPython } from '../../sandbox/python-tools.js';

/** Bytes to look at. Several may have the same name: pieces of a large file, overlapping. */
export interface Place {
  readonly place: string;
  readonly bytes: Buffer;
}

/** What a scan takes. */
export type Places = Iterable<Place> | AsyncIterable<Place>;

const PIECE_BYTES = 8 * 1024 * 1024;

/** More than the longest form of a short secret, and of the shortest part of a long one. */
const OVERLAP_BYTES = 4096;

/** The names of all files below a folder, and their contents. Links are not followed, sockets and pipes not read. */
export async function* folderPlaces(folder: string): AsyncGenerator<Place> {
  const files = await filesBelow(folder, await readdir(folder, { withFileTypes: true }));
  yield { place: `names of files below ${folder}`, bytes: Buffer.from(files.join('\n')) };
  for (const file of files) {
    const handle = await open(file, 'r').catch(ignoreVanished);
    if (handle !== undefined) yield* piecesOf(file, handle);
  }
}

async function filesBelow(folder: string, entries: readonly Dirent[]): Promise<string[]> {
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const below = join(folder, name);
    const inside = await readdir(below, { withFileTypes: true }).catch(ignoreVanished);
    files.push(...(await filesBelow(below, inside ?? [])));
  }
  return files;
}

function ignoreVanished(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** One file, such as a log. It must be there. */
export async function* filePlaces(file: string): AsyncGenerator<Place> {
  yield* piecesOf(file, await open(file, 'r'));
}

/** A large file comes in pieces that overlap, so that nothing is lost between two of them. */
async function* piecesOf(file: string, handle: FileHandle): AsyncGenerator<Place> {
  try {
    for (let position = 0; ; position += PIECE_BYTES - OVERLAP_BYTES) {
      const bytes = Buffer.alloc(PIECE_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, PIECE_BYTES, position);
      yield { place: file, bytes: bytes.subarray(0, bytesRead) };
      if (bytesRead < PIECE_BYTES) return;
    }
  } finally {
    await handle.close();
  }
}

/**
 * The files of a SQLite database (with journals and log, so also what was deleted and not yet written over), and
 * each column of each table. The database may be in use.
 */
export async function* temporalDatabasePlaces(dbFile: string): AsyncGenerator<Place> {
  yield* filePlaces(dbFile);
  const folder = dirname(dbFile);
  const others = (await readdir(folder)).filter((name) => name.startsWith(`${basename(dbFile)}-`));
  for (const name of others) {
    const handle = await open(join(folder, name), 'r').catch(ignoreVanished);
    if (handle !== undefined) yield* piecesOf(join(folder, name), handle);
  }
  yield* await columnPlaces(dbFile);
}

async function columnPlaces(dbFile: string): Promise<Place[]> {
  const script = fileURLToPath(new URL('./read_columns.py', import.meta.url));
  const options = { encoding: 'buffer', maxBuffer: 2 ** 30 } as const;
  const { stdout } = await promisify(execFile)(await findPython(), [script, dbFile], options);
  const places: Place[] = [];
  for (let at = 0; at < stdout.length;) {
    const content = stdout.indexOf('\n', at) + 1;
    const header = JSON.parse(stdout.toString('utf8', at, content)) as { place: string; bytes: number };
    at = content + header.bytes;
    places.push({ place: `${basename(dbFile)}, ${header.place}`, bytes: stdout.subarray(content, at) });
  }
  return places;
}

/** A page of metrics. */
export async function* metricsPlaces(url: string): AsyncGenerator<Place> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
  yield { place: url, bytes: Buffer.from(await answer.arrayBuffer()) };
}
