// Owns the sample image: a layer with one program, its configuration and manifest, and putting them into a
// registry through its HTTP API. Needs no Docker.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { printingProgram } from './elf.js';

/** Repository and tag of the sample image. */
export const SAMPLE_IMAGE = { repository: 'sandbox/hello', tag: 'latest' };

/** What the sample image prints. */
export const SAMPLE_OUTPUT = 'Hello from a private image: this sign-in worked.';

/** Media types of manifest, configuration and layer: Docker's own, and those of OCI. */
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

/** The sample image, with digests. */
export interface SampleImage {
  manifest: Buffer;
  mediaType: string;
  /** Of the manifest. */
  digest: string;
  /** Layer and configuration, by digest. */
  blobs: Map<string, Buffer>;
}

/** Makes the image for this machine's architecture: the same bytes every time. */
export function makeSampleImage(kind: keyof typeof MEDIA_TYPES): SampleImage {
  const types = MEDIA_TYPES[kind];
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const tar = tarWithProgram('hello', printingProgram(`${SAMPLE_OUTPUT}\n`, architecture));
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      architecture: architecture === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: '2020-01-01T00:00:00Z',
      config: { Cmd: ['/hello'], Env: ['PATH=/'] },
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

/**
 * Puts the sample image into the registry at `url`.
 * @returns the digest of the manifest
 * @throws Error with status and body when the registry does not take it
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
    throw new Error(`The registry refused an upload: HTTP ${started.status} ${await started.text()}`);
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

/** A tar archive (ustar) with one executable file of root's. */
function tarWithProgram(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o755, 8), 100);
  header.write(octal(0, 8), 108); // owner
  header.write(octal(0, 8), 116); // group
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136); // modification time: the same digest every time
  header.write('        ', 148); // the checksum counts as blanks
  header.write('0', 156); // a regular file
  header.write('ustar\u000000', 257, 'latin1');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1_024)]);
}
