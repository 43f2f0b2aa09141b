import type { SettingProblem } from './settings-error.js';

/** Collects everything that is wrong, so that one attempt shows all of it. */
export class SettingReport {
  readonly problems: SettingProblem[] = [];
  readonly warnings: SettingProblem[] = [];

  /** Returns undefined, the value of a setting that cannot be used. */
  addProblem(setting: string, message: string, remedy: string): undefined {
    this.problems.push({ setting, message, remedy });
  }

  addWarning(setting: string, message: string, remedy: string): void {
    this.warnings.push({ setting, message, remedy });
  }
}
