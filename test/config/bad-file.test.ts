import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError, type ProblemCode } from '../../src/config/config-error.js';
import {
  asOrdinaryUser,
  edit,
  ENV,
  VALID,
  expectProblems,
  showPlaces,
  useConfigFolder,
} from './config-folder.js';

describe('loadConfig: the file', () => {
  const write = useConfigFolder();

  function expectRejected(path: string, code: ProblemCode): void {
    assert.deepEqual(showPlaces(expectProblems(path)), [code]);
  }

  it('is rejected when it is missing, and the fix names the example', () => {
    expectRejected(`${write('x', 'other')}.yaml`, 'not-found');
  });

  it('is rejected when it is empty, and the fix names the example', () => {
    expectRejected(write(' \n'), 'empty');
  });

  it('is rejected when it is a folder', () => {
    expectRejected(write('x', 'folder/x').replace(/\/x$/, ''), 'wrong-content');
  });

  it('is rejected when it is not UTF-8', () => {
    expectRejected(write(Buffer.from(`${VALID}# \u00fc`, 'latin1')), 'wrong-content');
    expectRejected(write(Buffer.from(`\uFEFF${VALID}`, 'utf16le')), 'wrong-content');
  });

  it('is rejected when it is larger than 256 KiB', () => {
    expectRejected(write(`${VALID}#${' '.repeat(256 * 1024)}`), 'too-long');
  });

  it('is rejected when it cannot be read', () => {
    const path = write(VALID);
    chmodSync(path, 0);
    asOrdinaryUser(dirname(path), () => expectRejected(path, 'unreadable'));
  });

  it('is rejected when it is world-writable', () => {
    const path = write(VALID);
    chmodSync(path, 0o602);
    expectRejected(path, 'unsafe-file');
  });

  it('is reported with the current folder when its path is relative', () => {
    expectRejected('no-such-folder/refresh.yaml', 'not-found');
  });

  it('is reported with its path as specified, line and setting', () => {
    const path = write(edit('docker_default', 'a b'));
    assert.throws(
      () => loadConfig(path, ENV),
      (error) =>
        error instanceof ConfigError &&
        error.message.startsWith(`${path}:6 airflows[0].connections[0]: is not`),
    );
  });
});
