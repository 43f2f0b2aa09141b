// The sample image: a layer with this machine's `echo`, a configuration and a manifest. It is pushed through the HTTP
// API, so that Docker is not needed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Repository and tag of the sample image. */
export const SAMPLE_IMAGE = { repository: 'sandbox/hello', tag: 'latest' };

/** What the sample image prints. */
export const SAMPLE_OUTPUT = 'Hello from a private image: this login worked.';

/** Media types of manifest, configuration and layer, for Docker and OCI. */
const MEDIA_TYPES = {
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
};

/** The sample image with its digests. */
export interface SampleImage {
  manifest: Buffer;
  mediaType: string;
  /** Of the manifest. */
  digest: string;
  /** Layer and configuration, by digest. */
  blobs: Map<string, Buffer>;
}

/** Created once, so that the image has the same digests during a process. */
let content: { tar: Buffer; layer: Buffer } | undefined;

/** Creates the image for this machine's architecture. */
export function makeSampleImage(kind: keyof typeof MEDIA_TYPES): SampleImage {
  const types = MEDIA_TYPES[kind];
  const { tar, layer } = (content ??= makeContent());
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: '2020-01-01T00:00:00Z',
      config: { Cmd: ['/bin/echo', SAMPLE_OUTPUT], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      history: [{ created: '2020-01-01T00:00:00Z', created_by: 'sandbox' }],
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, size: config.length, digest: digestOf(config) },
      layers: [{ mediaType: types.layer, size: layer.length, digest: digestOf(layer) }],
    }),
  );
  const blobs = new Map([layer, config].map((blob) => [digestOf(blob), blob]));
  return { manifest, mediaType: types.manifest, digest: digestOf(manifest), blobs };
}

function makeContent(): { tar: Buffer; layer: Buffer } {
  const tar = archiveEcho();
  return { tar, layer: gzipSync(tar) };
}

/** A tar archive of `echo` and its libraries. Only Linux has `ldd`; on other systems the image cannot run. */
export function archiveEcho(): Buffer {
  const needed = process.platform === 'linux' ? execFileSync('ldd', ['/bin/echo'], { encoding: 'utf8' }) : '';
  const files = new Set(['/bin/echo', ...(needed.match(/\/\S+/g) ?? [])]);
  const relative = [...files].map((file) => file.slice(1));
  return execFileSync('tar', ['-c', '-h', '-C', '/', ...relative], { maxBuffer: 100_000_000 });
}

/**
 * Pushes the sample image to the registry at `url`.
 * @returns the digest of the manifest
 * @throws Error with status and body when the registry rejects it
 */
export async function pushSampleImage(url: string): Promise<string> {
  const { repository, tag } = SAMPLE_IMAGE;
  const { manifest, mediaType, digest, blobs } = makeSampleImage('docker');
  for (const blob of blobs.values()) await pushBlob(url, repository, blob);
  await put(`${url}/v2/${repository}/manifests/${tag}`, manifest, mediaType);
  return digest;
}

async function pushBlob(url: string, repository: string, blob: Buffer): Promise<void> {
  const started = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = started.headers.get('location');
  if (started.status !== 202 || location === null) {
    throw new Error(`The registry rejected an upload: HTTP ${started.status} ${await started.text()}`);
  }
  const target = new URL(location, url);
  target.searchParams.set('digest', digestOf(blob));
  await put(target.href, blob, 'application/octet-stream');
}

async function put(url: string, body: Buffer, type: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    body: new Uint8Array(body),
    headers: { 'Content-Type': type },
  });
  if (answer.status !== 201) throw new Error(`PUT ${url}: HTTP ${answer.status} ${await answer.text()}`);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
