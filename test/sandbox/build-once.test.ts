import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce } from '../../sandbox/build-once.js';
import { findPython } from '../../sandbox/python-tools.js';

describe('buildOnce', () => {
  let python: string;
  let folder: string;
  const before_ = process.env['XDG_CACHE_HOME'];

  before(async function () {
    try {
      python = await findPython();
    } catch {
      this.skip();
    }
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecr-cache-'));
    process.env['XDG_CACHE_HOME'] = folder;
  });

  afterEach(async () => {
    if (before_ === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before_;
    await rm(folder, { recursive: true });
  });

  function build(effect: (path: string) => void = () => {}): Promise<string> {
    return buildOnce({
      name: 'thing',
      key: 'abc',
      python,
      build: async (path) => {
        mkdirSync(path);
        await Promise.resolve();
        effect(path);
      },
    });
  }

  it('builds once when called twice at the same time', async () => {
    let built = 0;
    const [first, second] = await Promise.all([build(() => (built += 1)), build(() => (built += 1))]);
    assert.equal(first, second);
    assert.equal(built, 1);
  });

  it('deletes the remains of a failed build and builds again', async () => {
    const failing = build((path) => {
      writeFileSync(join(path, 'half'), '');
      throw new Error('interrupted');
    });
    await assert.rejects(failing, /interrupted/);
    const path = await build((again) => writeFileSync(join(again, 'whole'), ''));
    assert.deepEqual([existsSync(join(path, 'half')), existsSync(join(path, 'whole'))], [false, true]);
  });
});
