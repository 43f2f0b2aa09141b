// The page about the checks of `doctor`, whose ids scripts rely on.
import { CHECKS } from '../../src/doctor/check.js';

export function renderChecks(note: string): string {
  const rows = Object.entries(CHECKS).map(([id, meaning]) => `| \`${id}\` | ${meaning} |`);
  return `${note}

# Checks of \`doctor\`

\`doctor\` exits with 1 if a check has failed, and with 78 if the configuration or the settings of Temporal are invalid.
Warnings do not change the exit code. \`doctor --json\` prints \`{outcome, checks}\`. The overall \`outcome\` is \`ok\`, \`warning\` or \`failed\`. Each check has
\`id\`, \`target\`, \`outcome\`, \`message\` and \`remedy\`, which is null if there is nothing to fix. An \`outcome\` of \`skipped\`
means that it could not be checked: the message states why, and what prevented it has a check of its own. Ids and targets
stay the same in later versions; messages do not.

| id | what is checked |
| --- | --- |
${rows.join('\n')}
`;
}
