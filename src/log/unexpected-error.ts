// What is shown of an error that is not in the catalogue: a fault of the environment, such as a full disk, is never
// reported as a bug. Decides by class and code; messages of errors are neither read nor shown. Nothing here throws.
import { getSystemErrorMap } from 'node:util';
import { PROCESS_REMEDIES } from '../refresh/remedies/process.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { errorClassName, findErrorCode, identifyError, listCauses, readField } from './redact-error.js';

export interface UnexpectedError {
  readonly kind: 'environment' | 'bug' | 'unknown';
  /** Of a fault of the environment, what the system reported: `no space left on device`. */
  readonly reason?: string;
  /** One sentence, with class, code and causes. */
  readonly message: string;
  readonly remedy: Remedy;
}

/** @param program what is to be run again with --debug */
export function describeUnexpected(
  error: unknown,
  program: 'command' | 'worker' = 'command',
): UnexpectedError {
  const identity = formatIdentity(error);
  const { debugCommand, debugWorker, reportBugOfCommand, reportBugOfWorker } = PROCESS_REMEDIES;
  const showWhere = program === 'worker' ? debugWorker : debugCommand;
  const fault = findFault(error);
  if (fault) {
    const { reason, remedy = showWhere } = fault;
    return {
      kind: 'environment',
      reason,
      message: `Fault of the environment: ${reason} (${identity}).`,
      remedy,
    };
  }
  if (isBug(error)) {
    const remedy = program === 'worker' ? reportBugOfWorker : reportBugOfCommand;
    return { kind: 'bug', message: `Unexpected ${identity}; this is a bug.`, remedy };
  }
  return { kind: 'unknown', message: `Unexpected ${identity}.`, remedy: showWhere };
}

/** `Error ENOSPC`, or `TypeError, caused by Error ECONNREFUSED`. */
function formatIdentity(thrown: unknown): string {
  const { error, code, cause } = identifyError(thrown);
  // Also reads well: `Unexpected thrown value that is not an Error`.
  const name = error.replace(/^An? /, '');
  return `${name}${code === undefined ? '' : ` ${code}`}${cause === undefined ? '' : `, caused by ${cause}`}`;
}

interface Fault {
  readonly reason: string;
  readonly remedy?: Remedy;
}

const { addMemory: ADD_MEMORY, installAgain: INSTALL_AGAIN } = PROCESS_REMEDIES;

/** Where the fix is obvious. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  EACCES: PROCESS_REMEDIES.checkPermissions,
  EDQUOT: PROCESS_REMEDIES.freeSpaceOrQuota,
  EMFILE: PROCESS_REMEDIES.raiseFilesOfProcess,
  ENFILE: PROCESS_REMEDIES.raiseFilesOfSystem,
  ENOMEM: ADD_MEMORY,
  ENOSPC: PROCESS_REMEDIES.freeSpace,
  EPERM: PROCESS_REMEDIES.checkPermissions,
  EROFS: PROCESS_REMEDIES.makeWritable,
};

/** Faults that Node.js reports by codes of its own. */
const NODE_FAULTS: Readonly<Record<string, Fault>> = {
  ERR_DLOPEN_FAILED: { reason: 'a native library does not load', remedy: INSTALL_AGAIN },
  ERR_MEMORY_ALLOCATION_FAILED: { reason: 'out of memory', remedy: ADD_MEMORY },
  // With too few file descriptors, Node may report a package that it cannot open as missing.
  ERR_MODULE_NOT_FOUND: {
    reason: 'a file of the installation is missing',
    remedy: PROCESS_REMEDIES.installAgainOrRaiseFiles,
  },
  ERR_WORKER_OUT_OF_MEMORY: { reason: 'out of memory', remedy: ADD_MEMORY },
  MODULE_NOT_FOUND: { reason: 'a file of the installation is missing', remedy: INSTALL_AGAIN },
};

/** The first fault of the system among an error and its causes. */
function findFault(error: unknown): Fault | undefined {
  for (const cause of listCauses(error)) {
    const code = findErrorCode(cause);
    if (code !== undefined && Object.hasOwn(NODE_FAULTS, code)) return NODE_FAULTS[code];
    const system = findSystemError(cause);
    if (!system) continue;
    const [name, reason] = system;
    const remedy = REMEDIES[name];
    return { reason, ...(remedy === undefined ? {} : { remedy }) };
  }
  return undefined;
}

/** Name and text of an error of the operating system, by its code or its number. */
function findSystemError(error: unknown): [string, string] | undefined {
  const known = getSystemErrorMap();
  const number = readField(error, 'errno');
  if (typeof number === 'number' && known.has(number)) return known.get(number);
  const code = findErrorCode(error);
  return [...known.values()].find(([name]) => name === code);
}

const BUGS = new Set([
  'AssertionError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
]);

/** An error of programming, or a plain one that gives no reason by a code. */
function isBug(error: unknown): boolean {
  const name = errorClassName(error);
  if (BUGS.has(name)) return true;
  // A class of its own, such as that of a time-out, is a reason.
  if (/^\w+$/.test(name) && name !== 'Error') return false;
  return listCauses(error).every((cause) => (readField(cause, 'code') ?? undefined) === undefined);
}
