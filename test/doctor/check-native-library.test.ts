import assert from 'node:assert/strict';
import { checkNativeLibrary } from '../../src/doctor/check-native-library.js';
import { NativeLibraryMissing } from '../../src/temporal/worker/native-library.js';

describe('checkNativeLibrary', () => {
  it('passes with the platform', () => {
    const { outcome, message } = checkNativeLibrary(() => undefined);
    assert.equal(outcome, 'ok');
    assert.ok(message.startsWith(`loads (${process.platform} ${process.arch}, `), message);
  });

  it('fails with the reason and the fix', () => {
    const platform = { os: 'linux', arch: 'x64', libc: 'musl', node: '22.0.0' };
    const error = new NativeLibraryMissing('is missing', platform);
    const check = checkNativeLibrary(() => {
      throw error;
    });
    const [message, remedy] = ['is missing (linux x64, musl, Node 22.0.0)', error.remedy];
    const target = "Temporal's native library";
    assert.deepEqual(check, { id: 'native-library', target, outcome: 'failed', message, remedy });
  });

  it('fails with any other error', () => {
    const check = checkNativeLibrary(() => {
      throw Object.assign(new Error('x'), { code: 'EACCES' });
    });
    assert.equal(check.outcome, 'failed');
    assert.match(check.message, /permission denied \(Error EACCES\)/);
  });
});
