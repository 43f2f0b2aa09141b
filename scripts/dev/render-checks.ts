// The page about the checks of `doctor`, whose ids scripts rely on.
import { CHECKS } from '../../src/doctor/check.js';

export function renderChecks(note: string): string {
  const rows = Object.entries(CHECKS).map(([id, meaning]) => `| \`${id}\` | ${meaning} |`);
  return `${note}

# Checks of \`doctor\`

\`doctor\` exits with 0 if no check has failed, even with warnings, with 1 if one has failed, and with 78 if the
configuration or the settings of Temporal are invalid.

\`doctor --json\` prints \`{outcome, checks}\`. The overall \`outcome\` is \`ok\`, \`warning\` or \`failed\`. Each check has:

- \`id\`: one of those below. Ids stay the same in later versions.
- \`target\`: what was checked, such as \`connection docker_default of main\`. Targets stay the same in later versions.
- \`outcome\`: \`ok\`, \`warning\`, \`failed\`, or \`skipped\` if it could not be checked. What prevented it has a check of
  its own.
- \`message\`: what was found. Do not parse it: it may change in any version.
- \`remedy\`: the fix, or null if there is nothing to fix.

| id | what is checked |
| --- | --- |
${rows.join('\n')}
`;
}
