// Checks the settings of Temporal, without contacting it.
import { readTemporalSettings } from '../temporal/settings/settings.js';
import { TemporalSettingsInvalid, type SettingProblem } from '../temporal/settings/settings-error.js';
import { ok, warning, type Check } from './check.js';

const ID = 'temporal-settings';

export interface SettingsChecks {
  readonly checks: Check[];
  readonly areValid: boolean;
}

/** What is shown of the settings. */
interface ShownSettings {
  readonly address: string;
  readonly namespace: string;
  /** Settings without effect, and the like. */
  readonly warnings?: readonly SettingProblem[];
}

/** @param read may throw TemporalSettingsInvalid */
export function checkTemporalSettings(read: () => ShownSettings = readTemporalSettings): SettingsChecks {
  try {
    const { address, namespace, warnings: problems = [] } = read();
    const warnings = problems.map(({ setting, message, remedy }) =>
      warning({ id: ID, target: setting }, message, remedy),
    );
    const summary = ok({ id: ID, target: 'Temporal settings' }, `address ${address}, namespace ${namespace}`);
    return { checks: [summary, ...warnings], areValid: true };
  } catch (error) {
    if (!(error instanceof TemporalSettingsInvalid)) throw error;
    const checks = error.problems.map(({ setting: target, message, remedy }): Check => ({
      id: ID,
      target,
      outcome: 'failed',
      message,
      remedy,
    }));
    return { checks, areValid: false };
  }
}
