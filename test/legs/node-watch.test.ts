import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { waitFor } from '../e2e/wait-for.js';
import { markedEnv } from './left-processes.js';
import { checkNodeProcesses, watchNode, type NodeProcess } from './node-watch.js';

const path = process.execPath;
const executable = realpathSync(path);
const node = { path, version: '22.1.0' };

function run(commandLine: string, changes: Partial<NodeProcess> = {}): NodeProcess {
  return { pid: 7, executable, commandLine, ...changes };
}

describe('checkNodeProcesses', () => {
  it('counts the commands, from source and built', () => {
    const seen = [
      run('node --import=tsx /r/node_modules/mocha/lib/cli/cli.js test/e2e/worker.e2e.ts'),
      run('node --import=tsx /r/scripts/cli.ts worker --config /tmp/refresh.yaml'),
      run('node /r/dist/scripts/cli.js worker'),
      run('node /r/dist/scripts/cli.js refresh-once --json'),
      run('node -e 0'),
    ];
    assert.deepEqual(checkNodeProcesses(seen, node), {
      summary: 'Processes on Node 22.1.0: refresh-once (1), worker (2)',
      problems: [],
    });
  });

  it('reports a process on another Node', () => {
    const other = run('node /r/dist/scripts/cli.js worker', { executable: '/opt/other/node' });
    const { summary, problems } = checkNodeProcesses([run('node -e 0'), other], node);
    assert.equal(summary, 'Processes on Node 22.1.0: no command of the product');
    assert.deepEqual(problems, ['This process ran on /opt/other/node: node /r/dist/scripts/cli.js worker']);
  });

  it('reports that no process was seen', () => {
    assert.deepEqual(checkNodeProcesses([], node), {
      summary: 'Processes on Node 22.1.0: no command of the product',
      problems: ['No process on Node 22.1.0 was seen.'],
    });
  });
});

describe('watchNode', () => {
  it('sees a process of Node with the mark, and what it executes', async function () {
    if (process.platform !== 'linux') this.skip();
    const mark = `leg-${randomUUID()}`;
    const watch = watchNode(mark);
    const child = spawn(path, ['-e', 'process.stdin.resume()'], {
      env: markedEnv(mark),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    try {
      await waitFor('the process', () => watch.list().length > 0);
      const commandLine = `${path} -e process.stdin.resume()`;
      assert.deepEqual(watch.list(), [{ pid: child.pid, executable, commandLine }]);
    } finally {
      child.stdin.end();
      await exited;
      watch.stop();
    }
  });
});
