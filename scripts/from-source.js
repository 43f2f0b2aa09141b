// The entry of every command in a clone, from its TypeScript source: `npm run -s <command> --`. Plain JavaScript, so that
// a Node that is too old for the loader of TypeScript is refused in one line.
import { checkNode } from './check-node.js';

if (checkNode(process.versions.node, process.argv.slice(2))) {
  void import('tsx').then(() => import('./main.ts')).then(({ main }) => main());
}
