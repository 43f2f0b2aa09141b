// Faults of the machine, and bugs, as `describeUnexpected` finds them.
import { defineRemedies } from './remedy.js';

export const PROCESS_REMEDIES = defineRemedies({
  debugCommand: 'Run the command with `--debug` to see where it occurred.',
  debugWorker: 'Run the worker with `--debug` to see where it occurred.',
  reportBugOfCommand: 'Run the command with `--debug`, and report the stack trace.',
  reportBugOfWorker: 'Run the worker with `--debug`, and report the stack trace.',
  addMemory: 'Give the process more memory, or raise its memory limit.',
  checkPermissions: 'Check the permissions of the user of this process.',
  freeSpace: 'Free space on the disk.',
  freeSpaceOrQuota: 'Free space on the disk, or raise the quota.',
  installAgain: 'Install the packages again, for example with `npm ci`.',
  installAgainOrRaiseFiles:
    'Install the packages again, for example with `npm ci`. If that does not help, raise the limit of open files ' +
    '(`ulimit -n`).',
  makeWritable: 'Make the file system writable, or use another folder.',
  raiseFilesOfProcess: 'Raise the limit of open files of the process (`ulimit -n`).',
  raiseFilesOfSystem: 'Raise the limit of open files of the system.',
});
