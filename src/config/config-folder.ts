import { resolve } from 'node:path';
import type { Fault } from './config-error.js';
import { readTextFile } from './text-file.js';

/** The folder that the paths of a configuration are relative to. */
export class ConfigFolder {
  readonly #path: string;
  readonly #settings = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** The absolute path of a setting. */
  resolve(setting: string): string {
    const absolute = resolve(this.#path, setting);
    this.#settings.set(absolute, setting);
    return absolute;
  }

  /** A path as written in the file, for the hash of the configuration: it may be elsewhere on another worker. */
  toSetting(absolute: string): string {
    return this.#settings.get(absolute) ?? absolute;
  }

  /** The text of a small file, or what is wrong with it. */
  read(setting: string, maxKiB: number): { readonly text: string } | Fault {
    const reading = readTextFile(resolve(this.#path, setting), maxKiB);
    if ('text' in reading) return reading;
    const message = `file ${JSON.stringify(setting)} ${reading.message}`;
    const remedy = reading.code === 'not-found' ? { remedy: describeMissing(setting) } : {};
    return { ...reading, message, ...remedy };
  }
}

function describeMissing(setting: string): string {
  return setting.startsWith('~')
    ? 'Use an absolute path: ~ is not expanded.'
    : 'Create the file, or correct the path, which is relative to the folder of the configuration file.';
}
