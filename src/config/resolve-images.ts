// Owns which images registries are asked for, to see whether they may be pulled.
// Refuses names without tag or digest: what `latest` is taken for differs between tools.
import { readEcrHost } from '../domain/registry-host.js';
import type { SettingPath } from './problems.js';
import type { ImageConfig } from './refresh-config.js';
import { fieldOf, refuseSecond, type Resolution } from './resolve-values.js';
import { probeSchema } from './schema.js';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** Grammar: the OCI distribution specification, with what comes before as Docker reads it. */
const IMAGE = new RegExp(
  `^(?:(?<host>(?:[a-z0-9-]+\\.[a-z0-9.-]+|localhost|[a-z0-9.-]+(?=:\\d))(?::\\d{1,5})?)/)?` +
    `(?<image>${COMPONENT}(?:/${COMPONENT})*(?::\\w[\\w.-]{0,127}|@sha256:[0-9a-f]{64}))$`,
);

/** @param docker the section of the parsed file */
export function resolveImages(docker: unknown, resolution: Resolution): ImageConfig[] {
  const setting = probeSchema.safeParse(fieldOf(docker, 'probe')).data?.image;
  if (setting === undefined) return [];
  const isList = Array.isArray(setting);
  const seen = new Map<string, string>();
  return (isList ? setting : [setting]).flatMap((text, index) => {
    const at: SettingPath = ['docker', 'probe', 'image', ...(isList ? [index] : [])];
    refuseSecond(text, at, seen, 'the image', resolution.report);
    const { host, image } = IMAGE.exec(text)?.groups ?? {};
    if (image === undefined) {
      resolution.report(
        at,
        'is no image: a repository with its tag or digest, in lower case, the host of a registry before it if need be',
        'Write for example `image: team/app:1.0`.',
      );
      return [];
    }
    if (host === undefined) return [{ image }];
    // No connection can have such a host, so that the image would never be asked for.
    const reading = readEcrHost(host);
    if (!reading || 'kind' in reading) return [{ registry: host, image }];
    const remedy = reading.meant === undefined ? 'Mend the host.' : `Did you mean \`${reading.meant}\`?`;
    resolution.report(at, `has a host that looks like one of ECR and is none: ${reading.flaw}`, remedy);
    return [];
  });
}
