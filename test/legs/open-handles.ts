// Fails a mocha process that an open handle keeps alive after its last test. Each suite must stop what it starts.
import { Socket } from 'node:net';

/** For handles that close asynchronously, such as connections. */
const GRACE_MS = 10_000;

export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    process.stderr.write(
      `\nThe tests have ended, but open handles keep the process alive:\n${describeHandles()}\n`,
    );
    // Mocha's own listener, which was added earlier, sets the code to the number of failed tests.
    process.once('exit', () => (process.exitCode = 1));
    process.exit(1);
  }, GRACE_MS).unref();
}

function describeHandles(): string {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles: () => object[] };
  const ours = handles.call(process).map((handle) => {
    if (!(handle instanceof Socket))
      return `${handle.constructor.name} ${'spawnargs' in handle ? String(handle.spawnargs) : ''}`;
    return `${handle.constructor.name} ${handle.localAddress}:${handle.localPort} -> ${handle.remoteAddress}:${handle.remotePort}`;
  });
  return [...process.getActiveResourcesInfo(), ...ours].map((line) => `  ${line}`).join('\n');
}
