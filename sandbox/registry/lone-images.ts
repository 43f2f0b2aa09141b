// Owns what the gate serves where no real registry lies behind it: the sample image, read-only, and ECR's own words for
// everything that is not there. Refuses uploads.
import { readRegistryHost } from '../aws/host-names.js';
import { DEFAULT_PRINCIPAL } from '../aws/principals.js';
import { errorAnswer, type Answer } from './admission.js';
import { makeSampleImage, SAMPLE_IMAGE } from './sample-image.js';
import { readRepositoryPath, type Visit } from './visit.js';

export function answerAlone(visit: Visit): Answer {
  if (/^\/v2\/?(?:\?|$)/.test(visit.path)) return { status: 200, body: {} };
  if (visit.method !== 'GET' && visit.method !== 'HEAD') {
    return errorAnswer(405, 'UNSUPPORTED', 'There is no real registry behind this gate: it takes nothing.');
  }
  const asked = readRepositoryPath(visit.path);
  if (asked?.repository !== SAMPLE_IMAGE.repository) {
    const name = asked?.repository ?? visit.path.replace(/^\/v2\//, '');
    const id = readRegistryHost(visit.host)?.account ?? DEFAULT_PRINCIPAL.account;
    const message = `The repository with name '${name}' does not exist in the registry with id '${id}'`;
    return errorAnswer(404, 'NAME_UNKNOWN', message);
  }
  const { manifest, digest, mediaType, blobs } = makeSampleImage('oci');
  if (asked.kind === 'blobs') {
    const blob = blobs.get(asked.reference);
    if (blob === undefined) return errorAnswer(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return contentAnswer(blob, 'application/octet-stream', asked.reference);
  }
  if (asked.reference === SAMPLE_IMAGE.tag || asked.reference === digest) {
    return contentAnswer(manifest, mediaType, digest);
  }
  return errorAnswer(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
}

function contentAnswer(body: Buffer, type: string, digest: string): Answer {
  const headers = {
    'Content-Type': type,
    'Content-Length': String(body.length),
    'Docker-Content-Digest': digest,
  };
  return { status: 200, body, headers };
}
