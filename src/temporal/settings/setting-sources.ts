import {
  readVariable,
  TEMPORAL_SETTINGS,
  type SettingText,
  type TextSettingName,
} from './temporal-variables.js';
import type { TomlProfile } from './toml-file.js';

/** A variable replaces the value in the file. */
export interface SettingSources {
  readonly env: NodeJS.ProcessEnv;
  readonly profile: TomlProfile;
}

export function findText(sources: SettingSources, name: TextSettingName): SettingText | undefined {
  return findInEnv(sources, name) ?? findInProfile(sources, name);
}

export function findInEnv({ env }: SettingSources, name: TextSettingName): SettingText | undefined {
  const { variable } = TEMPORAL_SETTINGS[name];
  const value = readVariable(env, variable);
  return value === undefined ? undefined : { setting: variable, value };
}

export function findInProfile({ profile }: SettingSources, name: TextSettingName): SettingText | undefined {
  const { key } = TEMPORAL_SETTINGS[name];
  const value = profile.texts.get(key);
  return value === undefined ? undefined : { setting: profile.toSetting(key), value };
}
