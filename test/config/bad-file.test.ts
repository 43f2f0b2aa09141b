import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/config-error.js';
import { asOrdinaryUser, edit, ENV, GOOD, problemsOf, useConfigFolder } from './config-folder.js';

describe('a file that is no configuration', () => {
  const write = useConfigFolder();

  function refused(path: string, message: RegExp, remedy: RegExp): void {
    const [problem, ...more] = problemsOf(path);
    assert.deepEqual(more, []);
    assert.match(problem?.message ?? '', message);
    assert.match(problem?.remedy ?? '', remedy);
    assert.equal(problem?.path, '');
  }

  it('is refused when it is missing, and the example is named', () => {
    refused(`${write('x', 'other')}.yaml`, /no such file/, /`cp refresh\.example\.yaml refresh\.yaml`/);
  });

  it('is refused when it is empty, and the example is named', () => {
    refused(write(' \n'), /empty/, /cp refresh\.example\.yaml refresh\.yaml/);
  });

  it('is refused when it is a folder', () => {
    refused(write('x', 'folder/x').replace(/\/x$/, ''), /no plain file/, /--config/);
  });

  it('is refused when it is not UTF-8', () => {
    refused(write(Buffer.from(`${GOOD}# \u00fc`, 'latin1')), /not UTF-8/, /UTF-8/);
    refused(write(Buffer.from(`\uFEFF${GOOD}`, 'utf16le')), /not UTF-8/, /UTF-8/);
  });

  it('is refused beyond 256 KiB', () => {
    refused(write(`${GOOD}#${' '.repeat(256 * 1024)}`), /256 KiB/, /configuration file/);
  });

  it('is refused when it may not be read', () => {
    const path = write(GOOD);
    chmodSync(path, 0);
    asOrdinaryUser(dirname(path), () => refused(path, /EACCES/, /permission/));
  });

  it('is refused when everybody may write it, and could have passwords sent elsewhere', () => {
    const path = write(GOOD);
    chmodSync(path, 0o602);
    refused(path, /may be written by every user/, /chmod o-w/);
  });

  it('tells where it was looked for when its name is relative', () => {
    refused('no-such-folder/refresh.yaml', /no such file/, new RegExp(`looked for in ${process.cwd()}`));
  });

  it('is named as it was given, with line and setting', () => {
    const path = write(edit('docker_default', 'a b'));
    assert.throws(
      () => loadConfig(path, ENV),
      (error) =>
        error instanceof ConfigError &&
        error.message.startsWith(`${path}:6 airflows[0].connections[0]: is no`),
    );
  });
});
