// gRPC headers for a gateway in front of Temporal.
import type { SettingReport } from './setting-report.js';
import type { SettingSources } from './setting-sources.js';
import { findMetadataFault, findMetadataNameFault } from './setting-values.js';
import { isBlank, METADATA_PREFIX, type SettingText } from './temporal-variables.js';

/** By name, in lower case. An empty variable removes the header of the file, as in Temporal's tools. */
export function readMetadata(
  { env, profile }: SettingSources,
  report: SettingReport,
): ReadonlyMap<string, SettingText> {
  const inEnv = Object.entries(env)
    .filter(([variable]) => variable.startsWith(METADATA_PREFIX))
    .map(([setting, value = '']) => ({ name: setting.slice(METADATA_PREFIX.length), value, setting }));
  const metadata = new Map([...collect(profile.metadata, report), ...collect(inEnv, report)]);
  for (const [name, { setting, value }] of metadata) {
    if (isBlank(value)) {
      metadata.delete(name);
      continue;
    }
    const fault = findMetadataNameFault(name) ?? findMetadataFault(value);
    if (fault) report.addProblem(setting, fault.message, fault.remedy);
  }
  return metadata;
}

function collect(
  entries: readonly (SettingText & { readonly name: string })[],
  report: SettingReport,
): Map<string, SettingText> {
  const collected = new Map<string, SettingText>();
  for (const { name, setting, value } of entries) {
    const header = name.toLowerCase().replaceAll('_', '-');
    const first = collected.get(header);
    if (first) report.addProblem(setting, `is the same header as ${first.setting}`, 'Remove one of the two.');
    else collected.set(header, { setting, value });
  }
  return collected;
}
