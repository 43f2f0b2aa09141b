// References to values outside the configuration file: `{env: NAME}` and `{file: PATH}`. Problems name the variable
// or the file, never the value.
import { RefreshFailure } from '../refresh/failures.js';
import { Secret } from '../log/secret.js';
import { formatPath, type Fault, type Reading, type SettingPath } from './config-error.js';
import type { ConfigFolder } from './config-folder.js';

const MAX_KIB = 64;
const VARIABLE_NAME = /^[A-Za-z_]\w*$/;

/** Where references are looked up. */
export interface ReferenceSource {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: ConfigFolder;
}

/** A reference and its place in the file. Its only enumerable property is its key, `env` or `file`. */
export class Reference {
  readonly #form: ReferenceForm;
  readonly #path: SettingPath;
  readonly #source: ReferenceSource;

  constructor(form: ReferenceForm, path: SettingPath, source: ReferenceSource) {
    Object.assign(this, form);
    this.#form = form;
    this.#path = path;
    this.#source = source;
  }

  /** The setting that has this value: `airflows[0].auth.password`. */
  get at(): string {
    return formatPath(this.#path);
  }

  /**
   * The current value, or why it cannot be used. Never throws.
   * @param check what is wrong with the value
   */
  read(check?: CheckValue): Reading<string> {
    const reading =
      'env' in this.#form
        ? readVariable(this.#form.env, this.#source.env)
        : readFile(this.#form.file, this.#source.folder);
    return 'result' in reading ? (check?.(reading.result) ?? reading) : reading;
  }

  toJSON(): ReferenceForm {
    return this.#form;
  }
}

/** Checks that a value can be used, for example in a header. */
export type CheckValue = (value: string) => Fault | undefined;

type ReferenceForm = { readonly env: string } | { readonly file: string };

/**
 * Reads a secret when it is needed, so that a rotated one is used without a restart. In JSON, and so in the hash of the
 * configuration, it is its reference.
 * @throws RefreshFailure ConfigInvalid when the variable or file has become missing, empty, unreadable or invalid
 */
export type ReadSecret = () => Secret;

export function toReadSecret(
  reference: Reference,
  check?: CheckValue,
): ReadSecret & { toJSON(): ReferenceForm } {
  const read = (): Secret => {
    const reading = reference.read(check);
    if ('result' in reading) return new Secret(reading.result);
    throw new RefreshFailure('ConfigInvalid', `${reference.at}: ${reading.message}`);
  };
  return Object.assign(read, { toJSON: () => reference.toJSON() });
}

/** A copy of the parsed file in which every reference is a Reference. */
export function bindReferences(value: unknown, source: ReferenceSource, path: SettingPath = []): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => bindReferences(item, source, [...path, index]));
  const entries = Object.entries(value);
  const form = toReferenceForm(entries);
  if (form) return new Reference(form, path, source);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, bindReferences(item, source, [...path, key])]),
  );
}

/** The names in `{env: NAME}` of the parsed file. */
export function listVariables(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const form = toReferenceForm(Object.entries(value));
  if (form) return 'env' in form ? [form.env] : [];
  return Object.values(value).flatMap(listVariables);
}

function toReferenceForm([first, ...more]: readonly [string, unknown][]): ReferenceForm | undefined {
  const [key, item] = first ?? [];
  if (more.length > 0 || typeof item !== 'string') return undefined;
  if (key === 'env') return { env: item };
  return key === 'file' ? { file: item } : undefined;
}

function readVariable(name: string, env: NodeJS.ProcessEnv): Reading<string> {
  if (!VARIABLE_NAME.test(name)) {
    return {
      code: 'invalid',
      message: 'is not a valid reference: `env` must be the name of an environment variable',
      remedy: 'Use the form `{env: NAME}`, with only letters, digits and underscores in the name.',
    };
  }
  // Not `constructor`, which every object has.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value) return { result: value };
  return {
    code: 'unreadable',
    message: `environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`,
    remedy: `Set ${name} in the environment of this process, or use {file: PATH}.`,
  };
}

function readFile(path: string, folder: ConfigFolder): Reading<string> {
  const reading = folder.read(path, MAX_KIB);
  if ('code' in reading) return { remedy: 'Use a file that contains only the value.', ...reading };
  // Editors and `echo` end a file with a newline, which is not part of the value.
  const result = reading.text.replace(/\r?\n$/, '');
  if (result !== '') return { result };
  const message = `file ${JSON.stringify(path)} is empty`;
  return { code: 'unreadable', message, remedy: 'Write the value into the file.' };
}
