// Fails a mocha process that a handle keeps alive after its last test: without `--exit`, each suite ends what it starts.
import { Socket } from 'node:net';

/** What ends asynchronously, such as a connection that is being closed, gets this long. */
const GRACE_MS = 10_000;

export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    process.stderr.write(
      `\nThe tests have ended, but open handles keep the process alive:\n${describeHandles()}\n`,
    );
    // Mocha sets the code to the number of failed tests in a listener of its own, which was added earlier.
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
