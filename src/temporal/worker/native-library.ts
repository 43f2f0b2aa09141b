// The native library of Temporal, which only the worker loads. Separate from worker.ts, so that printing the error does
// not load it.
import { createRequire } from 'node:module';
import { errorClassName, findErrorCode } from '../../log/redact-error.js';

/** The native library does not load on this machine. Decided before anything is contacted: exit code 78. */
export class NativeLibraryMissing extends Error {
  override readonly name = 'NativeLibraryMissing';
  readonly code = 'native-library-missing';
  /** Continues `Temporal's native library`. */
  readonly reason: string;
  readonly remedy: string;

  constructor(fault: string, platform: Platform) {
    const reason = `${fault} (${formatPlatform(platform)})`;
    super(`Temporal's native library ${reason}`);
    this.reason = reason;
    this.remedy = isSupported(platform)
      ? 'Run `npm ci` on the machine or in the image that runs the worker: files of another platform do not load.'
      : 'Run the worker on Linux with glibc (x64 or arm64), macOS or Windows (x64). As an image, use one based on Debian, such as node:22-slim, not on Alpine.';
  }
}

export interface Platform {
  /** As in `process.platform`. */
  readonly os: string;
  /** As in `process.arch`. */
  readonly arch: string;
  /** Of Linux: the version of glibc, or `musl` where there is none. */
  readonly libc: string | undefined;
  /** Of Node. */
  readonly node: string;
}

/** `linux x64, glibc 2.36, Node 20.20.2` */
export function formatPlatform({ os, arch, libc, node }: Platform): string {
  return [`${os} ${arch}`, libc, `Node ${node}`].filter((part) => part !== undefined).join(', ');
}

export function readPlatform(): Platform {
  const { platform: os, arch, version } = process;
  return { os, arch, libc: os === 'linux' ? readLibc() : undefined, node: version.replace('v', '') };
}

/** Call it before there are connections: a report looks up the names of their peers. */
function readLibc(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = header?.glibcVersionRuntime;
  return version === undefined ? 'musl' : `glibc ${version}`;
}

/** As @temporalio/core-bridge has files for it. */
const SUPPORTED = new Set(['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64', 'win32 x64']);

function isSupported({ os, arch, libc }: Platform): boolean {
  return SUPPORTED.has(`${os} ${arch}`) && libc !== 'musl';
}

/**
 * Loads it, which takes 0.1 s, and 0.2 s on the first start of a machine.
 * @throws NativeLibraryMissing
 */
export function loadNativeLibrary(load: () => unknown = loadCoreBridge): void {
  try {
    load();
  } catch (error) {
    const reason = findReason(error);
    throw reason === undefined ? error : new NativeLibraryMissing(reason, readPlatform());
  }
}

/** Loads the library alone. The SDK's JavaScript around it takes 0.1 s more, which `doctor --offline` would wait for. */
export function loadNativeFile(): unknown {
  const require = requireOfSdk();
  const { getPrebuiltPath } = require('@temporalio/core-bridge/common') as { getPrebuiltPath: () => string };
  return require(getPrebuiltPath());
}

function loadCoreBridge(): unknown {
  return requireOfSdk()('@temporalio/core-bridge');
}

/** The library is a dependency of Temporal's worker, and not necessarily installed next to our own. */
function requireOfSdk(): NodeJS.Require {
  const require = createRequire(import.meta.url);
  return createRequire(require.resolve('@temporalio/worker'));
}

/** Undefined for an error that is not about the library. */
function findReason(error: unknown): string | undefined {
  // The error of core-bridge for a platform or file that does not exist; it has no code.
  if (errorClassName(error) === 'PrebuildError') return 'is missing';
  switch (findErrorCode(error)) {
    case 'ERR_DLOPEN_FAILED':
      return 'does not load';
    case 'MODULE_NOT_FOUND':
      return 'is not installed completely';
    default:
      return undefined;
  }
}
