// What the gate serves where there is no real registry behind it: the sample image, read-only, and the errors of ECR for
// everything else.
import { DEFAULT_PRINCIPAL } from '../../../sandbox/aws/answers.js';
import { registryError, type GateAnswer } from '../../../sandbox/registry/access-check.js';
import { readRegistryHost } from '../aws/host-names.js';
import { makeSampleImage, SAMPLE_IMAGE } from './sample-image.js';
import { readRepositoryPath, type GateRequest } from './request.js';

export function answerFromSampleImage(request: GateRequest): GateAnswer {
  if (/^\/v2\/?(?:\?|$)/.test(request.path)) return { status: 200, body: {} };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return registryError(405, 'UNSUPPORTED', 'There is no real registry behind this gate: it takes nothing.');
  }
  const asked = readRepositoryPath(request.path);
  if (asked?.repository !== SAMPLE_IMAGE.repository) {
    const name = asked?.repository ?? request.path.replace(/^\/v2\//, '');
    const id = readRegistryHost(request.host)?.account ?? DEFAULT_PRINCIPAL.account;
    const message = `The repository with name '${name}' does not exist in the registry with id '${id}'`;
    return registryError(404, 'NAME_UNKNOWN', message);
  }
  const { manifest, digest, mediaType, blobs } = makeSampleImage('oci');
  if (asked.kind === 'blobs') {
    const blob = blobs.get(asked.reference);
    if (blob === undefined) return registryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return contentAnswer(blob, 'application/octet-stream', asked.reference);
  }
  if (asked.reference === SAMPLE_IMAGE.tag || asked.reference === digest) {
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
