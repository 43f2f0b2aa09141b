// temporal.toml, which other Temporal tools read as well: where it is, and what its profile contains.
import path from 'node:path';
import { parse, TomlError, type TomlTable } from 'smol-toml';
import { suggestKey } from '../../refresh/did-you-mean.js';
import { readSettingFile } from './setting-file.js';
import type { SettingReport } from './setting-report.js';
import { isBlank, readVariable, TEMPORAL_SETTINGS, type SettingText } from './temporal-variables.js';
import { CODEC_UNUSED, HOST_VERIFICATION_UNUSED } from './unused-variables.js';

/** The settings of a profile; blank ones are left out. */
export interface TomlProfile {
  /** By key, such as `tls.server_name`. */
  readonly texts: ReadonlyMap<string, string>;
  /** `tls.disabled`. */
  readonly disablesTls: boolean | undefined;
  /** Whether there is a table `tls`, even an empty one: it turns TLS on. */
  readonly hasTls: boolean;
  /** `grpc_meta`, with the names as they are in the file. */
  readonly metadata: readonly (SettingText & { readonly name: string })[];
  /** The name of a setting in messages: `/etc/temporal.toml profile.default.tls.server_name`. */
  readonly toSetting: (key: string) => string;
}

const MAX_KIB = 256;
const DEFAULT_PROFILE = 'default';
const TEXT_KEYS: readonly string[] = Object.values(TEMPORAL_SETTINGS).flatMap((entry) =>
  'key' in entry && !['tls.disabled', 'grpc_meta.NAME'].includes(entry.key) ? [entry.key] : [],
);
const KNOWN_KEYS = new Set([...TEXT_KEYS, 'tls', 'tls.disabled', 'grpc_meta']);
const UNUSED_KEYS: ReadonlyMap<string, { message: string; remedy: string }> = new Map([
  ['codec', CODEC_UNUSED],
  ['tls.disable_host_verification', HOST_VERIFICATION_UNUSED],
]);

/** Reads the profile that TEMPORAL_PROFILE names. An empty one if there is none, or after a problem. */
export function readProfile(env: NodeJS.ProcessEnv, report: SettingReport): TomlProfile {
  const file = findFile(env);
  const name = readVariable(env, TEMPORAL_SETTINGS.profile.variable);
  const profileName = name ?? DEFAULT_PROFILE;
  const prefix = `profile.${formatKey(profileName)}`;
  const toSetting = (key: string): string => `${file?.path} ${prefix}${key === '' ? '' : `.${key}`}`;
  const document = file ? readDocument(file, report) : undefined;
  const reader = new ProfileReader(toSetting, report);
  if (document === 'invalid') return reader.read({});
  const profiles = document && reader.readTable(document['profile'], `${file?.path} profile`);
  if (document && !profiles && document['profile'] !== undefined) return reader.read({});
  if (document) warnUnknownKeys(document, file?.path ?? '', report);
  if (!profiles || !Object.hasOwn(profiles, profileName)) {
    if (name !== undefined) reportMissingProfile(name, document && file?.path, profiles ?? {}, report);
    return reader.read({});
  }
  return reader.read(reader.readTable(profiles[profileName], toSetting('')) ?? {});
}

interface TomlFile {
  readonly path: string;
  /** Whether TEMPORAL_CONFIG_FILE names it. */
  readonly isNamed: boolean;
}

function findFile(env: NodeJS.ProcessEnv): TomlFile | undefined {
  const named = readVariable(env, TEMPORAL_SETTINGS.configFile.variable);
  if (named !== undefined) return { path: named, isNamed: true };
  const folder = findConfigFolder(env);
  return folder === undefined
    ? undefined
    : { path: path.join(folder, 'temporalio', 'temporal.toml'), isNamed: false };
}

/** As Temporal's tools find it. */
function findConfigFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (process.platform === 'win32') return readVariable(env, 'APPDATA');
  const home = readVariable(env, 'HOME');
  if (process.platform === 'darwin') return home && path.join(home, 'Library', 'Application Support');
  const config = readVariable(env, 'XDG_CONFIG_HOME');
  if (config !== undefined) return path.isAbsolute(config) ? config : undefined;
  return home && path.join(home, '.config');
}

/** undefined: there is no file, and none is named. */
function readDocument(file: TomlFile, report: SettingReport): TomlTable | 'invalid' | undefined {
  const content = readSettingFile(file.path, MAX_KIB);
  if ('text' in content) return parseDocument(file.path, content.text, report);
  if (file.isNamed) {
    const remedy = content.remedy ?? 'Set it to the path of temporal.toml, or remove it.';
    report.addProblem(TEMPORAL_SETTINGS.configFile.variable, `names a path that ${content.message}`, remedy);
  } else if (content.isMissing) {
    return undefined;
  } else {
    const remedy = content.remedy ?? 'Move it away, or set TEMPORAL_CONFIG_FILE to another path.';
    report.addProblem(file.path, content.message, remedy);
  }
  return 'invalid';
}

function parseDocument(file: string, text: string, report: SettingReport): TomlTable | 'invalid' {
  try {
    return parse(text);
  } catch (error) {
    // Its message quotes the file, which may contain an API key.
    const place = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : '';
    report.addProblem(file, `is not valid TOML${place}`, 'Correct the file.');
    return 'invalid';
  }
}

function reportMissingProfile(
  name: string,
  file: string | undefined,
  profiles: TomlTable,
  report: SettingReport,
): void {
  const { variable } = TEMPORAL_SETTINGS.profile;
  if (file === undefined) {
    const remedy = 'Set TEMPORAL_CONFIG_FILE to the file with this profile, or remove TEMPORAL_PROFILE.';
    report.addProblem(variable, 'names a profile, but there is no temporal.toml', remedy);
    return;
  }
  const close = suggestKey(name, Object.keys(profiles));
  const remedy =
    close === undefined
      ? 'Set it to the name of a profile in this file, or remove it.'
      : `Use \`${formatKey(close)}\` if that is what you mean.`;
  report.addProblem(variable, `names a profile that does not exist in ${file}`, remedy);
}

class ProfileReader {
  readonly #toSetting: (key: string) => string;
  readonly #report: SettingReport;

  constructor(toSetting: (key: string) => string, report: SettingReport) {
    this.#toSetting = toSetting;
    this.#report = report;
  }

  read(profile: TomlTable): TomlProfile {
    const tls = this.readTable(profile['tls'], this.#toSetting('tls'));
    const metadata = this.readTable(profile['grpc_meta'], this.#toSetting('grpc_meta')) ?? {};
    this.#warnUnknown(profile, '');
    this.#warnUnknown(tls ?? {}, 'tls.');
    const texts = TEXT_KEYS.flatMap((key) => {
      const value = key.startsWith('tls.') ? tls?.[key.slice('tls.'.length)] : profile[key];
      const text = this.#readText(value, this.#toSetting(key));
      return text === undefined ? [] : [[key, text] as const];
    });
    return {
      texts: new Map(texts),
      disablesTls: this.#readBoolean(tls?.['disabled'], this.#toSetting('tls.disabled')),
      hasTls: tls !== undefined,
      metadata: Object.entries(metadata).flatMap(([name, value]) => {
        const setting = this.#toSetting(`grpc_meta.${formatKey(name)}`);
        const text = this.#readText(value, setting);
        return text === undefined ? [] : [{ name, value: text, setting }];
      }),
      toSetting: this.#toSetting,
    };
  }

  readTable(value: TomlTable[string] | undefined, setting: string): TomlTable | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)) return value;
    return this.#report.addProblem(
      setting,
      'is not a table',
      'Write it as a table, with its name in brackets.',
    );
  }

  #readText(value: TomlTable[string] | undefined, setting: string): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string') return isBlank(value) ? undefined : value;
    return this.#report.addProblem(setting, 'is not text', 'Write the value in quotes.');
  }

  #readBoolean(value: TomlTable[string] | undefined, setting: string): boolean | undefined {
    if (value === undefined || typeof value === 'boolean') return value;
    return this.#report.addProblem(
      setting,
      'is neither true nor false',
      'Write true or false, without quotes.',
    );
  }

  #warnUnknown(table: TomlTable, prefix: string): void {
    const known = [...KNOWN_KEYS]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
    for (const key of Object.keys(table)) {
      if (KNOWN_KEYS.has(prefix + key)) continue;
      const { message, remedy } = UNUSED_KEYS.get(prefix + key) ?? describeUnknown(key, known);
      this.#report.addWarning(this.#toSetting(prefix + formatKey(key)), message, remedy);
    }
  }
}

/** Above the profiles: a table `profiles`, for example, would be ignored silently. */
function warnUnknownKeys(document: TomlTable, file: string, report: SettingReport): void {
  for (const key of Object.keys(document)) {
    if (key === 'profile') continue;
    const { message, remedy } = describeUnknown(key, ['profile']);
    report.addWarning(`${file} ${formatKey(key)}`, message, remedy);
  }
}

function describeUnknown(key: string, known: readonly string[]): { message: string; remedy: string } {
  const close = suggestKey(key, known);
  const remedy = close === undefined ? 'Remove it.' : `Use \`${close}\` if that is what you mean.`;
  return { message: 'is not a known setting, and has no effect', remedy };
}

/** As TOML writes it: any other character in quotes and escaped, so that none reaches a terminal. */
function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
