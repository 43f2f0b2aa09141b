// Whether an image may be pulled: its manifest is requested, and nothing else. A missing image proves nothing about rights.
import type { PullProbe } from '../../refresh/activity-types.js';
import type { Secret } from '../../log/secret.js';
import type { HttpResponse } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { Challenge } from './challenge.js';
import type { RegistryClient } from './client.js';
import { parseFirstError, toUnexpectedReason } from './classify-response.js';
import { findDeniedAction } from './ecr-texts.js';
import { describeRegistryReason, type RegistryReason } from './registry-reason.js';

/** Requests the manifest of `repository:tag` or `repository@digest`. Never throws for a registry that does not respond. */
export async function probePull(
  client: RegistryClient,
  challenge: Challenge,
  password: Secret,
  image: string,
): Promise<PullProbe> {
  const { repository, reference } = splitImage(image);
  try {
    const login = await client.authorize(challenge, password, `repository:${repository}:pull`);
    const response =
      'rejectedBy' in login
        ? login.rejectedBy
        : await client.getManifest(repository, reference, login.authorization);
    const result = classifyPull(response);
    if (result.outcome === 'allowed') return { image, outcome: 'allowed' };
    return { image, outcome: result.outcome, message: describeRegistryReason(result.reason) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return { image, outcome: 'unknown', message: error.message };
  }
}

function splitImage(image: string): { repository: string; reference: string } {
  const at = image.includes('@') ? image.indexOf('@') : image.lastIndexOf(':');
  return { repository: image.slice(0, at), reference: image.slice(at + 1) };
}

export type PullResult =
  | { readonly outcome: 'allowed' }
  | { readonly outcome: Exclude<PullProbe['outcome'], 'allowed'>; readonly reason: RegistryReason };

export function classifyPull(response: HttpResponse): PullResult {
  const { status } = response;
  if (status === 200) {
    return isManifest(response)
      ? { outcome: 'allowed' }
      : { outcome: 'unknown', reason: { code: 'not-a-manifest', status } };
  }
  const error = parseFirstError(response);
  if ((status === 401 || status === 403) && error)
    return { outcome: 'denied', reason: toDenial(status, error) };
  if (status === 404 && error) {
    const code = error.code === 'NAME_UNKNOWN' ? 'repository-missing' : 'image-missing';
    return { outcome: 'missing', reason: { code, status } };
  }
  return { outcome: 'unknown', reason: toUnexpectedReason(status) };
}

function toDenial(status: number, error: NonNullable<ReturnType<typeof parseFirstError>>): RegistryReason {
  const action = findDeniedAction(error.message);
  return {
    code: 'pull-denied',
    status,
    ...(error.code === undefined ? {} : { apiCode: error.code }),
    ...(action === undefined ? {} : { action }),
  };
}

function isManifest({ json }: HttpResponse): boolean {
  return typeof json === 'object' && json !== null && 'schemaVersion' in json;
}
