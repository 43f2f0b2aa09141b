// The quickstart on stand-ins: the sandbox, a configuration for it, and an environment from which everything
// that names the user's own AWS, Airflow or Temporal was removed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SEEDED_CONNECTION } from '../sandbox-airflow.js';
import { startSandbox, type Sandbox } from '../start-sandbox.js';
import type { Cleanup } from '../cleanup.js';
import type { Setup } from './setup.js';

/** Kept between starts, so that the second one is quick. In the clone, so that deleting it deletes everything. */
const STATE_FOLDER = fileURLToPath(new URL('../../.sandbox', import.meta.url));

const OF_THE_USER = /^(AWS_|TEMPORAL_|AIRFLOW|ECR_REFRESH_|HTTPS?_PROXY$|https?_proxy$)/;

export async function startSandboxSetup(stops: Cleanup, say: (line: string) => void): Promise<Setup> {
  say(`Sandbox in ${STATE_FOLDER}: nothing outside it is touched.`);
  const sandbox = stops.add(await startSandbox({ stateFolder: STATE_FOLDER, say }));
  if (!sandbox.temporal) throw new Error('The sandbox has no Temporal.');
  const configPath = join(STATE_FOLDER, 'refresh.yaml');
  writeFileSync(configPath, configOf(sandbox));
  const temporalFile = join(STATE_FOLDER, 'temporal.toml');
  writeFileSync(temporalFile, '[profile.default]\n');
  const own = {
    ...sandbox.env,
    AIRFLOW_PASSWORD: sandbox.airflow.password,
    ECR_REFRESH_CONFIG: configPath,
    // Files in the home folder would be read beside the environment.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    TEMPORAL_CONFIG_FILE: temporalFile,
  };
  const envFile = join(STATE_FOLDER, 'env');
  const lines = Object.entries(own).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(envFile, lines.join(''), { mode: 0o600 });
  const { address, uiUrl } = sandbox.temporal;
  return {
    configPath,
    env: { ...withoutTheUsers(process.env), ...own },
    temporal: { connectionOptions: { address }, address, namespace: 'default' },
    stateFolder: STATE_FOLDER,
    addresses: [
      ...(uiUrl === undefined ? [] : [['Temporal UI', uiUrl] as const]),
      ['Airflow', `${sandbox.airflow.url} ${describeAirflow(sandbox)}`],
    ],
    hints: [
      ...(sandbox.docker
        ? []
        : ['Docker Engine: none here, so that the sign-in from Docker was not tested.']),
      'To try the commands in another terminal: . .sandbox/env && npm run -s status',
    ],
  };
}

function withoutTheUsers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_THE_USER.test(name)));
}

function describeAirflow({ airflow }: Sandbox): string {
  if (airflow.kind === 'stand-in') return '(a stand-in without pages: the real one cannot be installed here)';
  return `(user ${airflow.username}, password in .sandbox/env)`;
}

function configOf({ airflow, registry, docker }: Sandbox): string {
  return `# Written by ./scripts/quickstart at each start.
version: 1
airflows:
  - name: sandbox
    url: ${airflow.url}
    auth: {username: ${airflow.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [${SEEDED_CONNECTION}]
registries:
  - {name: sandbox, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
${docker ? `docker: {engines: ["${docker.dockerHost}"]}\n` : ''}`;
}
