import { describeUnexpected } from '../log/unexpected-error.js';
import {
  formatPlatform,
  loadNativeFile,
  loadNativeLibrary,
  NativeLibraryMissing,
  readPlatform,
} from '../temporal/worker/native-library.js';
import { ok, type Check, type Subject } from './check.js';

/** Only the worker needs it: the other commands work without it. */
export function checkNativeLibrary(load = loadNativeFile): Check {
  const subject: Subject = { id: 'native-library', target: "Temporal's native library" };
  try {
    loadNativeLibrary(load);
    return ok(subject, `loads (${formatPlatform(readPlatform())})`);
  } catch (error) {
    const { message, remedy } =
      error instanceof NativeLibraryMissing
        ? { message: error.reason, remedy: error.remedy }
        : describeUnexpected(error);
    return { ...subject, outcome: 'failed', message, remedy };
  }
}
