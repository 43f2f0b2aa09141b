// moto's server on 127.0.0.1: an independent emulator of AWS, so that the product is not tested only against its own
// stand-in. Its ECR tokens expired in 2015, and it has no ECR Public.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../../sandbox/build-once.js';
import { startChild } from '../../sandbox/child-process.js';
import { freePort, releasePort } from '../../sandbox/ports.js';
import { installPackages } from '../../sandbox/python-packages.js';
import { ensurePythonTools, findPython } from '../../sandbox/python-tools.js';

/** A running moto. */
export interface Moto {
  url: string;
  /** Environment variables for a process that uses it. */
  env: Record<string, string>;
  pid: number;
  stop: () => Promise<void>;
}

const REQUIREMENTS = fileURLToPath(new URL('./moto-requirements.txt', import.meta.url));

/**
 * Installs moto into the cache folder, once per Python and content of the requirements.
 * @returns the folder of its virtual environment
 * @throws Error with the installer's last lines and a fix; the error of findPython when there is no suitable Python
 */
export async function ensureMoto(say: (line: string) => void = () => {}): Promise<string> {
  const python = await findPython();
  const tools = await ensurePythonTools(say);
  return buildOnce({
    name: 'moto',
    key: contentKey(python, readFileSync(REQUIREMENTS, 'utf8')),
    python,
    build: async (venv) => {
      say('Installing moto from PyPI into the cache folder (once)');
      await installPackages({ tools, python, requirements: REQUIREMENTS }, venv);
    },
  });
}

/**
 * Starts moto without state from earlier starts.
 * @throws Error with the last log lines and a fix
 */
export async function startMoto(options: { stateFolder: string }): Promise<Moto> {
  const venv = await ensureMoto();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'moto',
    command: join(venv, 'bin', 'python'),
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`],
    env: { PATH: process.env['PATH'], HOME: options.stateFolder, LANG: 'C.UTF-8' },
    cwd: options.stateFolder,
    logFile: join(options.stateFolder, 'moto.log'),
    ready: async () => (await fetch(`${url}/moto-api/data.json`)).ok,
    remedy: 'Check the log, or delete the folder moto-* in the cache folder and retry.',
  });
  return {
    url,
    env: {
      AWS_ENDPOINT_URL_ECR: url,
      AWS_ENDPOINT_URL_STS: url,
      AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      // the user's own settings would override these keys or be sent with them
      AWS_PROFILE: '',
      AWS_SESSION_TOKEN: '',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    },
    pid: child.pid,
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}
