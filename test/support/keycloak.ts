// A real Keycloak for tests: its distribution from Maven Central, with a database in memory.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { buildOnce, contentKey } from '../../sandbox/build-once.js';
import { startChild } from '../../sandbox/child-process.js';
import { freePort, releasePort } from '../../sandbox/ports.js';
import { findPython } from '../../sandbox/python-tools.js';
import { runCommand } from '../../sandbox/run-command.js';

const VERSION = '26.5.6';
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
const LEAST_JAVA = 17;
/** Settings that are part of the installation. Without `local`, it would look for others in the network. */
const BUILD = ['build', '--db=dev-mem', '--cache=local'];

/** A running Keycloak. */
export interface Keycloak {
  url: string;
  /** The administrator of all realms. */
  admin: { username: string; password: string };
  /** Calls the admin API. @throws Error with method, path and status; never with a body */
  call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown>;
  stop: () => Promise<void>;
}

/** @throws Error that names what to install when Java or Maven is missing */
export async function checkKeycloakNeeds(): Promise<void> {
  const ask = (command: string): Promise<{ code: number; stderr: string }> =>
    runCommand(command, ['-version'], { allowFailure: true }).catch(() => ({ code: 1, stderr: '' }));
  const java = await ask('java');
  const version = /version "(\d+)/.exec(java.stderr)?.[1];
  if (Number(version ?? 0) < LEAST_JAVA) {
    throw new Error(`Keycloak needs Java ${LEAST_JAVA}. Fix: Install it (Debian: default-jre-headless).`);
  }
  const maven = await ask('mvn');
  if (maven.code !== 0) throw new Error('Keycloak is installed with Maven. Fix: Install it (Debian: maven).');
}

/** Downloads and builds Keycloak if needed, and starts it. @throws Error with the last log lines and a fix */
export async function startKeycloak(
  stateFolder: string,
  say: (line: string) => void = () => {},
): Promise<Keycloak> {
  const home = await installKeycloak(say);
  const admin = { username: 'admin', password: randomBytes(18).toString('base64url') };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Keycloak',
    command: 'sh',
    args: [
      join(home, 'bin', 'kc.sh'),
      ...['start', '--optimized', '--hostname-strict=false'],
      ...['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`],
    ],
    env: {
      ...keycloakEnv(),
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
    },
    logFile: join(stateFolder, 'keycloak.log'),
    ready: async () => (await fetch(`${url}/realms/master`)).ok,
    readyWithinMs: 300_000,
    graceMs: 15_000,
    remedy: `Check the log. If the installation is the cause, delete ${join(home, '..')}.`,
  });
  return {
    url,
    admin,
    call: (method, path, body) => callAdmin({ url, admin }, method, path, body),
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}

async function installKeycloak(say: (line: string) => void): Promise<string> {
  const python = await findPython();
  const folder = await buildOnce({
    name: 'keycloak',
    key: contentKey(ARTIFACT, ...BUILD),
    python,
    build: async (target) => {
      say(`Installing Keycloak ${VERSION} into the cache folder (once)`);
      mkdirSync(target, { recursive: true });
      await runCommand(
        'mvn',
        ['-q', 'dependency:copy', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${target}`],
        {
          cwd: target,
          timeoutMs: 600_000,
          remedy: 'Check that Maven Central, or the mirror of your Maven settings, is reachable, then retry.',
        },
      );
      const zip = join(target, `keycloak-quarkus-dist-${VERSION}.zip`);
      await runCommand(python, ['-m', 'zipfile', '-e', zip, target]);
      rmSync(zip);
      // What `start` would do at each start.
      const args = [join(target, `keycloak-${VERSION}`, 'bin', 'kc.sh'), ...BUILD];
      await runCommand('sh', args, { env: keycloakEnv(), timeoutMs: 600_000 });
    },
  });
  return join(folder, `keycloak-${VERSION}`);
}

function keycloakEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME, JAVA_HOME } = process.env;
  return { PATH, HOME, ...(JAVA_HOME !== undefined && existsSync(JAVA_HOME) && { JAVA_HOME }) };
}

/** Requests a token of a realm. @throws Error with the status */
export async function requestKeycloakToken(
  url: string,
  realm: string,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  const response = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(fields),
  });
  if (!response.ok) throw new Error(`Keycloak returned ${response.status} for a token of realm ${realm}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

async function callAdmin(
  { url, admin }: Pick<Keycloak, 'url' | 'admin'>,
  method: string,
  path: string,
  body: object | undefined,
): Promise<unknown> {
  const token = await requestKeycloakToken(url, 'master', {
    grant_type: 'password',
    client_id: 'admin-cli',
    ...admin,
  });
  const response = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`Keycloak returned ${response.status} for ${method} ${path}`);
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}
