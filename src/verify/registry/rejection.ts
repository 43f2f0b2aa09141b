// Why a registry rejects a token, by status and text: the same code for a request of the worker and one of a Docker Engine.
import { parseEcrHost } from '../../refresh/registry-host.js';
import { findEcrTextCode } from './ecr-texts.js';
import type { RegistryCode } from './registry-reason.js';

/** @param text what the registry said, as far as it is known */
export function toRejectionCode(host: string, status: number, text: string): RegistryCode {
  const known = findEcrTextCode(text);
  if (known !== undefined) return known;
  // Source for the region: aws-cli issue 5317.
  if (status === 400) return isPublic(host) ? 'public-token-rejected' : 'wrong-region';
  return status === 401 ? 'not-authenticated' : 'principal-denied';
}

export function isPublic(host: string): boolean {
  return parseEcrHost(host)?.kind === 'public';
}
