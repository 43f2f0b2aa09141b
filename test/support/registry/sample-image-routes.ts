// Responses of the gate without a real registry behind it: the read-only sample image, and ECR's errors for everything
// else.
import { DEFAULT_PRINCIPAL } from '../../../sandbox/aws/answers.js';
import { registryError, type GateAnswer } from '../../../sandbox/registry/access-check.js';
import { readRegistryHost } from '../aws/host-names.js';
import { makeSampleImage, SAMPLE_IMAGE } from './sample-image.js';
import { readRepositoryPath, type GateRequest } from './request.js';

export function answerFromSampleImage(request: GateRequest): GateAnswer {
  if (/^\/v2\/?(?:\?|$)/.test(request.path)) return { status: 200, body: {} };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return registryError(405, 'UNSUPPORTED', 'This stand-in is read-only.');
  }
  const requested = readRepositoryPath(request.path);
  if (requested?.repository !== SAMPLE_IMAGE.repository) {
    const name = requested?.repository ?? request.path.replace(/^\/v2\//, '');
    const id = readRegistryHost(request.host)?.account ?? DEFAULT_PRINCIPAL.account;
    const message = `The repository with name '${name}' does not exist in the registry with id '${id}'`;
    return registryError(404, 'NAME_UNKNOWN', message);
  }
  const { manifest, digest, mediaType, blobs } = makeSampleImage('oci');
  if (requested.kind === 'blobs') {
    const blob = blobs.get(requested.reference);
    if (blob === undefined) return registryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return contentAnswer(blob, 'application/octet-stream', requested.reference);
  }
  if (requested.reference === SAMPLE_IMAGE.tag || requested.reference === digest) {
    return contentAnswer(manifest, mediaType, digest);
  }
  return registryError(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
}

function contentAnswer(body: Buffer, type: string, digest: string): GateAnswer {
  const headers = {
    'Content-Type': type,
    'Content-Length': String(body.length),
    'Docker-Content-Digest': digest,
  };
  return { status: 200, body, headers };
}
