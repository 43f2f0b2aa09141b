// `caFile` of an Airflow instance.
import type https from 'node:https';
import { createCaAgents } from './agents.js';
import { readCaFile, parseCaFile } from './tls-files.js';

/** The returned function throws RefreshFailure ConfigInvalid when the file is invalid. See `createCaAgents`. */
export function createCaFileAgents(caFile: string): () => https.Agent {
  return createCaAgents(
    () => readCaFile(caFile),
    (content) => parseCaFile(caFile, content),
  );
}
