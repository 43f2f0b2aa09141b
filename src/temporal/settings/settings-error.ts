// Separate from settings.ts, so that printing the error does not load the reader.

/** A fault in the settings of Temporal. No part contains a value: any value may be a misplaced secret. */
export interface SettingProblem {
  /** `TEMPORAL_ADDRESS`, or `temporal.toml profile.default.address` with the path of the file. */
  readonly setting: string;
  /** Continues the name of the setting: `is not a valid address`. */
  readonly message: string;
  /** A sentence. */
  readonly remedy: string;
}

/** The settings of Temporal cannot be used. Decided before anything is contacted: exit code 78. */
export class TemporalSettingsInvalid extends Error {
  override readonly name = 'TemporalSettingsInvalid';
  /** At least one. */
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(formatSettingProblem).join('\n'));
    this.problems = problems;
  }
}

/** `TEMPORAL_ADDRESS: is not a valid address. Write host:port.` */
export function formatSettingProblem({ setting, message, remedy }: SettingProblem): string {
  return `${setting}: ${message}. ${remedy}`;
}
