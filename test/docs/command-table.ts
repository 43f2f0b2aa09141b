// How the commands that the documents show are tested. Those in scripts of the pages in RUN_LITERALLY are run as they
// are shown, unless `isRunElsewhere`; every other one is in one of the two tables, by its key (see `toKey`).

/** Their scripts are run by test/e2e/shown-commands.e2e.ts. */
export const RUN_LITERALLY = ['README.md', 'docs/getting-started.md'];

/** The test that runs the command; it has all words of the key. */
export const RUN_BY: Readonly<Record<string, string>> = {
  './scripts/quickstart': 'test/e2e/quickstart.e2e.ts',
  './scripts/quickstart --config': 'test/e2e/quickstart.e2e.ts',
  'doctor --json': 'test/e2e/temporal-tls.e2e.ts',
  'doctor --offline': 'test/e2e/principals.e2e.ts',
  'npm run build': 'test/e2e/built-cli.ts',
  'refresh-once': 'test/e2e/principals.e2e.ts',
  'refresh-once --strict': 'test/e2e/shown-commands.e2e.ts',
  'schedule apply --replace': 'test/e2e/two-deployments.e2e.ts',
  'schedule delete': 'test/e2e/two-deployments.e2e.ts',
  'schedule describe': 'test/e2e/temporal-tls.e2e.ts',
  'schedule pause': 'test/e2e/doctor.e2e.ts',
  'schedule trigger': 'test/e2e/schedule-trigger.e2e.ts',
  'schedule trigger --now': 'test/e2e/schedule-trigger.e2e.ts',
  'schedule trigger --now --wait': 'test/e2e/schedule-trigger.e2e.ts',
  'schedule trigger --wait': 'test/e2e/schedule-trigger.e2e.ts',
  'schedule unpause': 'test/e2e/doctor.e2e.ts',
  'status --json': 'test/e2e/status.e2e.ts',
  'status --json --schedule-id': 'test/e2e/status.e2e.ts',
  'status --schedule-id': 'test/e2e/status.e2e.ts',
  'worker --config': 'test/e2e/every-failure/every-failure.e2e.ts',
  'worker --debug': 'test/e2e/every-failure/every-failure.e2e.ts',
  'worker --log-level': 'test/e2e/every-failure/every-failure.e2e.ts',
};

/** Why the command is not run by a test. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  './scripts/test': 'runs this test',
  './scripts/test --install': 'installs system packages; CI runs it',
  install: 'needs root, and the user that useradd creates',
  journalctl: 'needs systemd',
  jq: 'reads the output of journalctl',
  node: 'replaces the recorded histories',
  'npm run bench': 'takes ten minutes on an idle machine; test/bench/ tests its parts',
  'npm run check': 'is run by ./scripts/test',
  'npm run docs': 'is part of `npm run check`, which ./scripts/test runs',
  'npm run words': 'is part of `npm run check`, which ./scripts/test runs',
  'npx mocha': 'updates the golden files; without UPDATE_GOLDEN it runs tests that ./scripts/test runs',
  'systemd-run': 'needs systemd',
  systemctl: 'needs systemd; test/docs/services.test.ts verifies the unit',
  useradd: 'needs root, and would stay on this machine',
};

/** Programs of this repository that tests run in another way, and what cannot be run. */
export function isRunElsewhere(key: string): boolean {
  return key in NOT_RUN || (key in RUN_BY && key.startsWith('./scripts/'));
}
