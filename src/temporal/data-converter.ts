import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';

const EXTENSION = import.meta.url.endsWith('.js') ? 'js' : 'ts';

/** For every client, worker and workflow bundle. The SDK takes a path, because it bundles the file for the workflow. */
export const DATA_CONVERTER = {
  payloadConverterPath: fileURLToPath(new URL(`payload-converter.${EXTENSION}`, import.meta.url)),
} satisfies DataConverter;
