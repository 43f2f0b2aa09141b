// Images whose manifest is requested from registries, to check pull access.
import { z } from 'zod';
import { readEcrHost } from '../../refresh/registry-host.js';
import type { Fault, Reading } from '../config-error.js';
import { checkItems, convert, findDuplicates, type Item } from './checks.js';
import { CONFIG_LIMITS } from '../../refresh/config-limits.js';

/** An image whose manifest is requested: from one registry, or from every one. */
export interface ImageConfig {
  readonly registry?: string;
  /** `team/app:1.0` or `team/app@sha256:…`. */
  readonly image: string;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** Syntax: the OCI distribution specification; the host in front of it, as Docker parses it. */
const IMAGE = new RegExp(
  `^(?:(?<host>(?:[a-z0-9-]+\\.[a-z0-9.-]+|localhost|[a-z0-9.-]+(?=:\\d))(?::\\d{1,5})?)/)?` +
    `(?<image>${COMPONENT}(?:/${COMPONENT})*(?::\\w[\\w.-]{0,127}|@sha256:[0-9a-f]{64}))$`,
);

const imageSchema = z.string().min(1).max(600).transform(convert(readImage));

const listSchema = checkItems(z.array(imageSchema).min(1).max(CONFIG_LIMITS.images), (items, report) => {
  const toName = ({ value: { registry = '', image } }: Item<ImageConfig>): string => `${registry}/${image}`;
  const duplicates = findDuplicates(items, toName);
  for (const { item, first } of duplicates) {
    const message = `duplicates docker.probe.image[${first.index}]`;
    report({ code: 'duplicate', message, remedy: 'Remove one of the two.' }, item.index);
  }
  const [, ...more] = items
    .filter((item) => !duplicates.some((duplicate) => duplicate.item === item))
    .filter(({ value }) => value.registry === undefined);
  for (const { index } of more) report(SECOND_WITHOUT_HOST, index);
});

/** Results pass through Temporal: those of hundreds of registries times dozens of images would not fit. */
const SECOND_WITHOUT_HOST: Fault = {
  code: 'too-many',
  message: 'is a second image without a registry host: only one image can be requested from every registry',
  remedy:
    'Add the host of its registry in front: `123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0`.',
};

export const imagesSchema = z
  .union([imageSchema.transform((image) => [image]), listSchema], {
    error: 'must be an image, or a list of images',
  })
  .meta({
    description:
      'Image, or list of images, whose manifest is requested from the registries at each run, to check pull access ' +
      'in addition to the login. An image with a registry host in front is requested only from that registry. One ' +
      'image can be without a host, and is requested from every registry.',
    examples: ['team/app:1.0', ['123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0']],
  });

function readImage(text: string): Reading<ImageConfig> {
  const { host, image } = IMAGE.exec(text)?.groups ?? {};
  if (image === undefined) {
    return {
      code: 'invalid',
      message:
        'is not a valid image: must be REPOSITORY:TAG or REPOSITORY@sha256:DIGEST with a lower-case repository, ' +
        'and can begin with a registry host (HOST/)',
      remedy: 'Use the form `image: team/app:1.0`.',
    };
  }
  if (host === undefined) return { result: { image } };
  // No connection can have an invalid ECR host, so the image would never be requested.
  const reading = readEcrHost(host);
  if (!reading || 'kind' in reading) return { result: { registry: host, image } };
  return {
    code: 'invalid',
    message: `has an invalid ECR host: ${reading.flaw}`,
    remedy:
      reading.meant === undefined
        ? 'Correct the host.'
        : `Use \`${reading.meant}\` if that is what you mean.`,
  };
}
