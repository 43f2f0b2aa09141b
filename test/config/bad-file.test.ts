import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError, type ProblemCode } from '../../src/config/config-error.js';
import { asOrdinaryUser, edit, ENV, GOOD, problemsOf, showPlaces, useConfigFolder } from './config-folder.js';

describe('a file that is no configuration', () => {
  const write = useConfigFolder();

  function refuses(path: string, code: ProblemCode): void {
    assert.deepEqual(showPlaces(problemsOf(path)), [code]);
  }

  it('is refused when it is missing, and the example is named', () => {
    refuses(`${write('x', 'other')}.yaml`, 'not-found');
  });

  it('is refused when it is empty, and the example is named', () => {
    refuses(write(' \n'), 'empty');
  });

  it('is refused when it is a folder', () => {
    refuses(write('x', 'folder/x').replace(/\/x$/, ''), 'wrong-content');
  });

  it('is refused when it is not UTF-8', () => {
    refuses(write(Buffer.from(`${GOOD}# \u00fc`, 'latin1')), 'wrong-content');
    refuses(write(Buffer.from(`\uFEFF${GOOD}`, 'utf16le')), 'wrong-content');
  });

  it('is refused beyond 256 KiB', () => {
    refuses(write(`${GOOD}#${' '.repeat(256 * 1024)}`), 'too-long');
  });

  it('is refused when it may not be read', () => {
    const path = write(GOOD);
    chmodSync(path, 0);
    asOrdinaryUser(dirname(path), () => refuses(path, 'unreadable'));
  });

  it('is refused when everybody may write it, and could have passwords sent elsewhere', () => {
    const path = write(GOOD);
    chmodSync(path, 0o602);
    refuses(path, 'unsafe-file');
  });

  it('tells where it was looked for when its name is relative', () => {
    refuses('no-such-folder/refresh.yaml', 'not-found');
  });

  it('is named as it was given, with line and setting', () => {
    const path = write(edit('docker_default', 'a b'));
    assert.throws(
      () => loadConfig(path, ENV),
      (error) =>
        error instanceof ConfigError &&
        error.message.startsWith(`${path}:6 airflows[0].connections[0]: is not`),
    );
  });
});
