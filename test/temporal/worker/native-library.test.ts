import assert from 'node:assert/strict';
import {
  loadNativeLibrary,
  NativeLibraryMissing,
  readPlatform,
} from '../../../src/temporal/worker/native-library.js';

/** As core-bridge has it. */
class PrebuildError extends Error {}

function loadWith(error: unknown): unknown {
  try {
    loadNativeLibrary(() => {
      throw error;
    });
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('loadNativeLibrary', () => {
  it('loads it here', () => loadNativeLibrary());

  for (const { what, error, reason } of [
    { what: 'a missing file', error: new PrebuildError(), reason: /^is missing / },
    {
      what: 'a file that does not load',
      error: Object.assign(new Error(), { code: 'ERR_DLOPEN_FAILED' }),
      reason: /^does not load /,
    },
    {
      what: 'a missing package',
      error: Object.assign(new Error(), { code: 'MODULE_NOT_FOUND' }),
      reason: /^is not installed completely /,
    },
  ]) {
    it(`reports ${what} with the platform`, () => {
      const thrown = loadWith(error);
      assert.ok(thrown instanceof NativeLibraryMissing);
      assert.match(thrown.reason, reason);
      assert.ok(thrown.message.includes(`${process.platform} ${process.arch}, `), thrown.message);
      assert.ok(thrown.message.endsWith(`Node ${process.versions.node})`), thrown.message);
    });
  }

  it('throws any other error unchanged', () => {
    for (const error of [new TypeError(), Object.assign(new Error(), { code: 'EACCES' }), 'text']) {
      assert.equal(loadWith(error), error);
    }
  });
});

describe('NativeLibraryMissing', () => {
  const platform = { os: 'linux', arch: 'x64', libc: 'glibc 2.36', node: '22.0.0' } as const;

  for (const changes of [
    { libc: 'musl' },
    { arch: 'arm' },
    { os: 'freebsd' },
    { os: 'win32', arch: 'arm64' },
  ]) {
    it(`names the supported platforms on ${JSON.stringify(changes)}`, () => {
      const { remedy } = new NativeLibraryMissing('is missing', { ...platform, ...changes });
      assert.match(remedy, /glibc.*macOS.*Windows.*node:22-slim/);
    });
  }

  for (const changes of [{}, { arch: 'arm64' }, { os: 'darwin', arch: 'arm64', libc: undefined }]) {
    it(`suggests another installation on ${JSON.stringify(changes)}`, () => {
      const { remedy } = new NativeLibraryMissing('is missing', { ...platform, ...changes });
      assert.match(remedy, /^Run `npm ci` on the machine/);
    });
  }
});

describe('readPlatform', () => {
  it('has the version of glibc, or musl, only on Linux', () => {
    const { libc } = readPlatform();
    if (process.platform === 'linux') assert.match(libc ?? '', /^(?:glibc \d+\.\d+|musl)$/);
    else assert.equal(libc, undefined);
  });
});
