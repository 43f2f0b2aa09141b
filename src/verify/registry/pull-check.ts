// Checks whether an image can be pulled, by requesting only its manifest.
import type { PullProbe } from '../../refresh/activity-types.js';
import { Secret } from '../../log/secret.js';
import { NetworkError } from '../../net/network-error.js';
import { classifyPull } from './classify-response.js';
import type { Registry } from './open-registry.js';

/** Manifests are some kilobytes; an index of many platforms a few dozen. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Does not throw if the registry does not respond.
 * @param image `repository:tag` or `repository@digest`, validated by the configuration
 */
export async function probePull(registry: Registry, password: Secret, image: string): Promise<PullProbe> {
  const at = image.includes('@') ? image.indexOf('@') : image.lastIndexOf(':');
  const [repository, reference] = [image.slice(0, at), image.slice(at + 1)];
  try {
    const authorized = await registry.authorize(password, `repository:${repository}:pull`);
    const response =
      authorized instanceof Secret
        ? await registry.get(`${repository}/manifests/${reference}`, authorized, MANIFEST_TYPES)
        : authorized;
    return { image, ...classifyPull(response) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return { image, outcome: 'unknown', message: error.message };
  }
}
