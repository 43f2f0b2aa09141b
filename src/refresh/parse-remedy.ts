// Finds out whether a text is a remedy of the catalogue. Anyone who can write to the Temporal namespace can put any text
// into a report, a result or a failure: what a reader is told to do must not come from there.
import { FAILURES } from './failure-catalogue.js';
import { AWS_REMEDIES } from './remedies/aws.js';
import { CONFIG_REMEDIES } from './remedies/config.js';
import { DOCKER_REMEDIES } from './remedies/docker.js';
import { NETWORK_REMEDIES } from './remedies/network.js';
import { PROCESS_REMEDIES } from './remedies/process.js';
import { REGISTRY_REMEDIES } from './remedies/registry.js';
import type { Remedy } from './remedies/remedy.js';
import { STORE_REMEDIES } from './remedies/store.js';

/** All remedies, each once. */
export const REMEDIES: ReadonlySet<string> = new Set([
  ...Object.values(FAILURES).map(({ remedy }) => remedy),
  ...Object.values(AWS_REMEDIES),
  ...Object.values(CONFIG_REMEDIES),
  ...Object.values(DOCKER_REMEDIES),
  ...Object.values(NETWORK_REMEDIES),
  ...Object.values(PROCESS_REMEDIES),
  ...Object.values(REGISTRY_REMEDIES),
  ...Object.values(STORE_REMEDIES),
]);

/** Undefined for every text that is not, character by character, one of the catalogue. */
export function parseRemedy(text: unknown): Remedy | undefined {
  return typeof text === 'string' && REMEDIES.has(text) ? (text as Remedy) : undefined;
}
