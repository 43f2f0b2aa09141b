import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../sandbox/run-command.js';
import { archiveEcho } from './registry/sample-image.js';

describe('sample image', () => {
  it('contains a program that runs on Linux', async function () {
    if (process.platform !== 'linux') return this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'ecr-image-'));
    try {
      const archive = join(folder, 'layer.tar');
      await writeFile(archive, archiveEcho());
      await runCommand('tar', ['-xf', archive, '-C', folder]);
      const program = join(folder, 'bin', 'echo');
      assert.equal((await runCommand(program, ['Hello, wörld'])).stdout, 'Hello, wörld\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
