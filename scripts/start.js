// Loads and runs the command line, or reports in one line why that is not possible.
import './protect-process.js';
import { checkNode } from './check-node.js';
import { reportEarly } from './early-error.js';

/** @param {() => Promise<{main: () => Promise<void>}>} load */
export function start(load) {
  const args = process.argv.slice(2);
  if (!checkNode(process.versions.node, args)) return;
  load().then(
    ({ main }) => main(),
    (error) => reportLoadError(error, args),
  );
}

/**
 * @param {{code?: string}} error
 * @param {readonly string[]} args
 */
function reportLoadError(error, args) {
  const { code = '' } = error;
  const found = ENVIRONMENT.find(({ codes }) => codes.includes(code));
  // A bug: Node prints it and ends with 1.
  if (!found) throw error;
  reportEarly({ code: 'environment', ...found, exitCode: 1 }, args);
}

const ENVIRONMENT = [
  {
    codes: ['EMFILE', 'ENFILE'],
    message: 'Fault of the environment: too many open files.',
    remedy: 'Raise the limit of open files of the process (`ulimit -n`).',
  },
  {
    // With too few file descriptors, Node may report the package that it cannot open as missing.
    codes: ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'],
    message: 'Fault of the environment: a file of the installation is missing.',
    remedy:
      'Install the packages, for example with `npm ci`. If they are installed, raise the limit of open files (`ulimit -n`).',
  },
];
