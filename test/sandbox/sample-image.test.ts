import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printingProgram } from '../../sandbox/registry/elf.js';
import { runCommand } from '../../sandbox/run-command.js';

describe('sample image', () => {
  it('holds a program that Linux runs', async function () {
    const { arch } = process;
    if (process.platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'ecr-elf-'));
    try {
      const program = join(folder, 'hello');
      await writeFile(program, printingProgram('Hello, wörld\n', arch));
      await chmod(program, 0o755);
      assert.equal((await runCommand(program, [])).stdout, 'Hello, wörld\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is smaller than 250 bytes for each architecture', () => {
    for (const architecture of ['x64', 'arm64'] as const) {
      assert.ok(printingProgram('Hello\n', architecture).length < 250);
    }
  });
});
