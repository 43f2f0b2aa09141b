// Lists the public interface that users and their scripts rely on, one item per line: `setting schedule.every`.
import type { Command } from 'commander';
import { configJsonSchema, type JsonSchema } from '../../src/config/settings.js';
import { FAILURES } from '../../src/refresh/failures.js';
import { REFRESH_INCOMPLETE } from '../../src/refresh/report.js';
import { EXIT } from '../command-line.js';
import { buildProgram } from '../program.js';
import { JSON_SHAPES } from './json-shapes.js';
import type { Shape } from './shape.js';

export function listContract(): string[] {
  const items = [
    ...[...Object.keys(FAILURES), REFRESH_INCOMPLETE].map((type) => `failure ${type}`),
    ...listSettings(configJsonSchema(), '').map((setting) => `setting ${setting}`),
    ...Object.entries(JSON_SHAPES).flatMap(([name, shape]) =>
      listFields(shape, '').map((field) => `field ${name}: ${field}`),
    ),
    ...listCommands(buildProgram(), ''),
    ...Object.entries(EXIT).map(([meaning, code]) => `exit code ${code} ${meaning}`),
  ];
  return [...new Set(items)].toSorted();
}

/** Paths such as `airflows[].auth.password.env`; `=` adds the values of an enumeration. */
export function listSettings(schema: JsonSchema, path: string): string[] {
  const values = schema.const === undefined ? (schema.enum ?? []) : [schema.const];
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [
    ...values.map((value) => `${path}=${String(value)}`),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
      const at = path === '' ? key : `${path}.${key}`;
      return [at, ...listSettings(inner, at)];
    }),
    ...(schema.items ? listSettings(schema.items, `${path}[]`) : []),
    ...(typeof schema.additionalProperties === 'object'
      ? listSettings(schema.additionalProperties, `${path}.*`)
      : []),
    ...alternatives.flatMap((alternative) => listSettings(alternative, path)),
  ];
}

/** Paths such as `airflows[].registry`; `=` adds the values of an enumeration. */
export function listFields(shape: Shape, path: string): string[] {
  if (typeof shape === 'string') return path === '' ? [] : [path];
  if (isList(shape)) return listFields(shape[0], `${path}[]`);
  if ('values' in shape) return [path, ...Object.keys(shape.values).map((value) => `${path}=${value}`)];
  const inner = Object.entries(shape).flatMap(([key, field]) =>
    listFields(field, path === '' ? key : `${path}.${key}`),
  );
  return path === '' ? inner : [path, ...inner];
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function listCommands(command: Command, path: string): string[] {
  const options = command.options.flatMap(({ short, long, argChoices }) => [
    ...[short, long].flatMap((flag) => (flag ? [`flag${path} ${flag}`] : [])),
    ...(argChoices ?? []).map((choice) => `flag${path} ${long}=${choice}`),
  ]);
  const inner = command.commands.flatMap((child) => {
    const name = `${path} ${child.name()}`;
    return [`command${name}`, ...listCommands(child, name)];
  });
  return [...options, ...inner];
}
