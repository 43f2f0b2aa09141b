// The entry of every command in a clone, from its TypeScript source: `npm run -s <command> --`. Plain JavaScript, so that
// a Node that is too old for the loader of TypeScript is refused in one line.
import { start } from './start.js';

start(() => import('tsx').then(() => import('./main.ts')));
