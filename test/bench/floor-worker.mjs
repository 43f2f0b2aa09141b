// A minimal worker: the Temporal SDK with the product's workflow bundle and one activity that does nothing.
// Plain JavaScript, since compiling would add to its start time.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';

const [address, taskQueue] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: { codePath: fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url)) },
  activities: { doNothing: async () => {} },
});
await worker.run();
await connection.close();
