// Owns which Docker Engines the sign-in is tested from, where the configuration names them.
// Refuses addresses that this release cannot reach or that would carry the token in clear, and one engine twice.
import { resolveDefaultEngine } from './default-engine.js';
import { isUnencrypted, readEngineAddress, type EngineAddress } from './engine-address.js';
import type { SettingPath } from './config-error.js';
import type { EngineConfig } from './refresh-config.js';
import {
  getField,
  toList,
  reportDuplicate,
  reportUrlProblem,
  validFields,
  type Resolution,
} from './resolve-values.js';
import { engineSchema, engineUrl } from './schema/docker.js';
import type { TlsFiles } from '../net/tls-files.js';
import { resolveTlsFiles, TLS_FILES, type TlsSettings } from './tls-files.js';

/** An engine, and all that a run of it depends on as plain data. */
export interface ResolvedEngine {
  readonly engine: EngineConfig;
  readonly identity: unknown;
}

/** The engines of the parsed file, else the default one where there is one. */
export function resolveEngines(raw: unknown, resolution: Resolution): ResolvedEngine[] {
  const list = getField(raw, 'engines');
  if (list === undefined) {
    const engine = resolveDefaultEngine(resolution);
    return engine ? [engine] : [];
  }
  const seen = new Map<string, string>();
  const engines = toList(list).map((item, index) =>
    resolveEngine(item, ['docker', 'engines', index], seen, resolution),
  );
  return engines.filter((engine) => engine !== undefined);
}

function resolveEngine(
  item: unknown,
  at: SettingPath,
  seen: Map<string, string>,
  resolution: Resolution,
): ResolvedEngine | undefined {
  const isText = typeof item === 'string';
  const { url: _url, ...files } = validFields(engineSchema, item);
  const urlAt = isText ? at : [...at, 'url'];
  // What has not its form, the schema has reported.
  const text = engineUrl.safeParse(isText ? item : getField(item, 'url')).data;
  const reading = text === undefined ? undefined : readEngineAddress(text);
  if (reading && !('url' in reading)) reportUrlProblem(reading, urlAt, resolution);
  const address = reading && 'url' in reading ? reading : undefined;
  reportDuplicate(address?.url, urlAt, seen, 'the engine', resolution.report);
  const given = TLS_FILES.filter((file) => getField(item, file) !== undefined);
  if (address?.kind === 'unix') {
    refuseBesideSocket(given, at, resolution);
    return assemble(address);
  }
  const place = { folder: resolution.source.folder, at: (file: string) => [...at, file] };
  const tls = resolveTlsFiles(files, place, resolution);
  if (!address) return undefined;
  if (isUnencrypted(address, given.length > 0)) reportInClear(urlAt, resolution);
  return given.length === 0 ? assemble(address) : assemble(address, tls, files);
}

function assemble({ url }: EngineAddress, tls?: TlsFiles, files: TlsSettings = {}): ResolvedEngine {
  const engine = { url, required: true };
  if (!tls) return { engine, identity: engine };
  const { caFile, certFile, keyFile } = files;
  // As they are written: the same file may lie elsewhere on another worker.
  return { engine: { ...engine, tls }, identity: { ...engine, tls: { caFile, certFile, keyFile } } };
}

function refuseBesideSocket(given: readonly string[], at: SettingPath, { report }: Resolution): void {
  for (const file of given) {
    report(
      [...at, file],
      'stands beside a unix:// socket, which has no TLS',
      'Remove it, or write tcp:// in `url`.',
    );
  }
}

function reportInClear(at: SettingPath, { report }: Resolution): void {
  report(
    at,
    'is tcp:// beyond loopback without TLS: the token would cross the network in clear',
    'Write a mapping: `{url: tcp://docker.example.com:2376, caFile: ca.pem, certFile: cert.pem, keyFile: key.pem}`.',
  );
}
