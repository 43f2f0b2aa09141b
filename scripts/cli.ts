#!/usr/bin/env node
// The entry of every command: `airflow-ecr-refresh <command>`.
import { start } from './start.js';

start(() => import('./main.js'));
