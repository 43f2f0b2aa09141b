// The form of single values: what the libraries of Temporal can send, and what is a typical mistake.
import { listUnusual } from '../../net/header-rules.js';

/** What is wrong with a value, without quoting it: it may be a secret. */
export interface ValueFault {
  /** Continues the name of the setting. */
  readonly message: string;
  readonly remedy: string;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

/** undefined: neither. Never a silent `false`: that would turn TLS off. */
export function parseBoolean(value: string): boolean | undefined {
  return BOOLEANS.get(value.trim().toLowerCase());
}

/** It is sent as a header with each call. */
export function findNamespaceFault(value: string): ValueFault | undefined {
  if (/^[\x21-\x7e]{1,255}$/.test(value)) return undefined;
  const faults = [...listUnusual(value, true), ...listBlanks(value), ...listExcess(value)];
  const remedy = 'Set it to the name of a namespace, as `temporal operator namespace list` shows it.';
  return { message: faults.join(' and '), remedy };
}

/** A key that is sent with a blank or a line break fails with an error that does not show why. */
export function findApiKeyFault(value: string): ValueFault | undefined {
  if (/^\s*bearer\s/i.test(value)) {
    return { message: 'begins with "Bearer"', remedy: 'Remove "Bearer": it is added automatically.' };
  }
  if (/^[\x21-\x7e]+$/.test(value)) return undefined;
  const message = [...listUnusual(value, true), ...listBlanks(value)].join(' and ');
  return { message, remedy: 'Remove these characters from the key.' };
}

const NAME_REMEDY =
  'Use letters, digits and underscores in the name of the variable, and - or _ in the name in the file.';

/** Set by gRPC or HTTP/2, or not allowed there. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/** @param name in lower case */
export function findMetadataNameFault(name: string): ValueFault | undefined {
  if (!/^[a-z\d_.-]{1,100}$/.test(name))
    return { message: 'is not a valid header name', remedy: NAME_REMEDY };
  if (name.endsWith('-bin')) {
    return {
      message: 'is a binary header, which is not supported',
      remedy: 'Use a name that does not end with -bin.',
    };
  }
  if (RESERVED.has(name) || name.startsWith('grpc-')) {
    return { message: 'is set automatically for each call', remedy: 'Remove this header.' };
  }
  return undefined;
}

export function findMetadataFault(value: string): ValueFault | undefined {
  const faults = listUnusual(value, true);
  if (faults.length === 0) return undefined;
  return {
    message: `cannot be sent in a header, because it ${faults.join(' and ')}`,
    remedy: 'Remove these characters from the value.',
  };
}

function listBlanks(value: string): string[] {
  return / /.test(value.trim()) ? ['contains a space'] : [];
}

function listExcess(value: string): string[] {
  return value.length > 255 ? ['is longer than 255 characters'] : [];
}
