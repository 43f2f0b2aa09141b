// Loaded into a measured process: at its end, writes the longest delay of its event loop, in milliseconds. A delay
// includes the loading of modules at the start.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();
process.once('exit', () => writeFileSync(process.env['LOOP_DELAY_FILE'], String(delays.max / 1e6)));
