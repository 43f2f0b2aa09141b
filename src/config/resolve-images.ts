// Owns which images registries are asked for, to see whether they may be pulled.
// Refuses names without tag or digest: what `latest` is taken for differs between tools.
import { readEcrHost } from '../refresh/registry-host.js';
import type { SettingPath } from './config-error.js';
import type { ImageConfig } from './refresh-config.js';
import { getField, reportDuplicate, type Resolution } from './resolve-values.js';
import { probeSchema } from './schema/docker.js';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** Grammar: the OCI distribution specification, with what comes before as Docker reads it. */
const IMAGE = new RegExp(
  `^(?:(?<host>(?:[a-z0-9-]+\\.[a-z0-9.-]+|localhost|[a-z0-9.-]+(?=:\\d))(?::\\d{1,5})?)/)?` +
    `(?<image>${COMPONENT}(?:/${COMPONENT})*(?::\\w[\\w.-]{0,127}|@sha256:[0-9a-f]{64}))$`,
);

/** @param docker the section of the parsed file */
export function resolveImages(docker: unknown, resolution: Resolution): ImageConfig[] {
  const setting = probeSchema.safeParse(getField(docker, 'probe')).data?.image;
  if (setting === undefined) return [];
  const isList = Array.isArray(setting);
  const seen = new Map<string, string>();
  const images: ImageConfig[] = [];
  for (const [index, text] of (isList ? setting : [setting]).entries()) {
    const at: SettingPath = ['docker', 'probe', 'image', ...(isList ? [index] : [])];
    const isRepeated = seen.has(text);
    reportDuplicate(text, at, seen, 'the image', resolution.report);
    const image = isRepeated ? undefined : readImage(text, at, resolution);
    if (!image) continue;
    if (image.registry === undefined && images.some(({ registry }) => registry === undefined)) {
      refuseEverywhere(at, resolution);
    }
    images.push(image);
  }
  return images;
}

function readImage(text: string, at: SettingPath, { report }: Resolution): ImageConfig | undefined {
  const { host, image } = IMAGE.exec(text)?.groups ?? {};
  if (image === undefined) {
    report(
      at,
      'is no image: a repository with its tag or digest, in lower case, the host of a registry before it if need be',
      'Write for example `image: team/app:1.0`.',
    );
    return undefined;
  }
  if (host === undefined) return { image };
  // No connection can have such a host, so that the image would never be asked for.
  const reading = readEcrHost(host);
  if (!reading || 'kind' in reading) return { registry: host, image };
  const remedy = reading.meant === undefined ? 'Fix the host.' : `Did you mean \`${reading.meant}\`?`;
  report(at, `has a host that looks like one of ECR and is none: ${reading.flaw}`, remedy);
  return undefined;
}

/** What registries answer passes through Temporal: hundreds of registries times dozens of images would not. */
function refuseEverywhere(at: SettingPath, { report }: Resolution): void {
  report(
    at,
    'is a second image without a registry, for which every registry would be asked',
    'Put the host of its registry before it: `123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0`.',
  );
}
