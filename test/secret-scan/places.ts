// The places where a secret could leak: files, Temporal's database, metrics. What cannot be read is an error, except
// for files that are deleted during the scan.
import { execFile } from 'node:child_process';
import type { Dirent } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPython } from '../../sandbox/python-tools.js';

/** Bytes to scan. The overlapping pieces of a large file have the same name. */
export interface Place {
  readonly place: string;
  readonly bytes: Buffer;
}

export type Places = Iterable<Place> | AsyncIterable<Place>;

const PIECE_BYTES = 8 * 1024 * 1024;

/** Longer than every form of a short secret, and of the shortest part of a long one. */
const OVERLAP_BYTES = 4096;

/** The names and contents of all files below a folder. Links are not followed; sockets and pipes are not read. */
export async function* folderPlaces(folder: string): AsyncGenerator<Place> {
  const files = await listFilesBelow(folder, await readdir(folder, { withFileTypes: true }));
  yield { place: `names of files below ${folder}`, bytes: Buffer.from(files.join('\n')) };
  for (const file of files) {
    const handle = await open(file, 'r').catch(ignoreMissing);
    if (handle !== undefined) yield* readPieces(file, handle);
  }
}

async function listFilesBelow(folder: string, entries: readonly Dirent[]): Promise<string[]> {
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const below = join(folder, name);
    const inside = await readdir(below, { withFileTypes: true }).catch(ignoreMissing);
    files.push(...(await listFilesBelow(below, inside ?? [])));
  }
  return files;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** One file, such as a log. It must exist. */
export async function* filePlaces(file: string): AsyncGenerator<Place> {
  yield* readPieces(file, await open(file, 'r'));
}

/** Reads a large file in overlapping pieces, so that no secret is lost between two of them. */
async function* readPieces(file: string, handle: FileHandle): AsyncGenerator<Place> {
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
 * The files of a SQLite database, with journals and log, which may contain deleted data that is not overwritten yet,
 * and each column of each table. The database may be in use.
 */
export async function* temporalDatabasePlaces(dbFile: string): AsyncGenerator<Place> {
  yield* filePlaces(dbFile);
  const folder = dirname(dbFile);
  const others = (await readdir(folder)).filter((name) => name.startsWith(`${basename(dbFile)}-`));
  for (const name of others) {
    const handle = await open(join(folder, name), 'r').catch(ignoreMissing);
    if (handle !== undefined) yield* readPieces(join(folder, name), handle);
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
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${url} returned ${response.status}.`);
  yield { place: url, bytes: Buffer.from(await response.arrayBuffer()) };
}
