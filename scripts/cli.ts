#!/usr/bin/env node
// The entry of every command: `airflow-ecr-refresh <command>`. Loads everything else only on a supported Node.
import { checkNode } from './check-node.js';

if (checkNode(process.versions.node, process.argv.slice(2))) {
  void import('./main.js').then(({ main }) => main());
}
