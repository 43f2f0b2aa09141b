// Owns the documentation that follows from the code: configuration.md and its JSON Schema from the schema,
// failures.md from the catalogue. Refuses to be edited around: `--check` fails when a file differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { writeYaml } from '../src/config/issues.js';
import { configJsonSchema, DURATION, type JsonSchema } from '../src/config/schema.js';
import { failureEntry, FAILURES, type FailureEntry, type FailureType } from '../src/domain/failures.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTE = '<!-- Written by scripts/generate-docs.ts: edit there, or in what it reads. -->';

/** Path below the root of the project, and the whole text of each generated file. */
export async function generateDocs(): Promise<ReadonlyMap<string, string>> {
  const sources = [
    ['docs/configuration.md', renderConfiguration()],
    ['docs/configuration.schema.json', renderJsonSchema()],
    ['docs/failures.md', renderFailures()],
  ] as const;
  const options = await resolveConfig(join(ROOT, 'docs/configuration.md'));
  const files = new Map<string, string>();
  for (const [path, text] of sources) files.set(path, await format(text, { ...options, filepath: path }));
  return files;
}

/** Those of the generated files whose text below a root differs from what the code says now. */
export async function findStaleDocs(root: string): Promise<string[]> {
  const files = [...(await generateDocs())];
  return files
    .filter(
      ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
    )
    .map(([path]) => path);
}

function renderJsonSchema(): string {
  return JSON.stringify({ title: 'Configuration of airflow-ecr-refresh', ...configJsonSchema() });
}

function renderConfiguration(): string {
  const example = readFileSync(join(ROOT, 'refresh.example.yaml'), 'utf8');
  return `${NOTE}

# Configuration

The worker and every command read one YAML file: \`--config PATH\`, else \`ECR_REFRESH_CONFIG\`, else
\`./refresh.yaml\`. The worker reads it again at each run: an edit needs no restart. An invalid edit changes
nothing: the run refreshes by the last good configuration, then fails and names the fault.
\`doctor --offline\` checks the file and shows all faults at once.

Unknown settings, keys that stand twice, anchors and aliases are refused. The file is UTF-8, at most 256 KiB.
Editors that know JSON Schema can check it by [configuration.schema.json](configuration.schema.json).

\`\`\`yaml
${example.trim()}
\`\`\`

## References

Where a setting says so, a value can be kept out of the file. Secrets must be.

| form | stands for |
| --- | --- |
| \`{env: NAME}\` | the environment variable; it must be set and not empty |
| \`{file: PATH}\` | the content of the file, without one newline at its end; relative to the folder of the configuration file; UTF-8, at most 64 KiB |

What a reference stands for is never shown. Passwords are read anew at each sign-in.

The configuration and these files may be symbolic links, and belong to any user. One that every user of the machine may
write is refused; a password that every user may read, or that holds a line break or blanks at its ends, is used,
and \`doctor\` warns of it.

## Settings

Durations are a whole number with its unit: \`30s\`, \`5m\`, \`4h\`, \`1d\`.

${listSettings(configJsonSchema(), '').map(renderSetting).join('\n')}`;
}

interface Setting {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** Every setting below a mapping, each followed by those in it. */
function listSettings(parent: JsonSchema, prefix: string): Setting[] {
  return Object.entries(parent.properties ?? {}).flatMap(([key, schema]) => {
    const path = `${prefix}${key}`;
    const setting = { path, schema, required: parent.required?.includes(key) ?? false };
    const inner = schema.items?.properties
      ? listSettings(schema.items, `${path}[].`)
      : listSettings(schema, `${path}.`);
    return [setting, ...inner];
  });
}

function renderSetting({ path, schema, required }: Setting): string {
  const key = path.split('.').at(-1) ?? path;
  const simpleDefault = schema.default !== undefined && typeof schema.default !== 'object';
  const presence = required
    ? 'required'
    : simpleDefault
      ? `default \`${writeYaml(schema.default)}\``
      : 'optional';
  const example = schema.examples?.[0];
  return `### \`${path}\`

${escapeMarkdown(schema.description ?? '')}

- ${describeForm(schema)}, ${presence}
${example === undefined ? '' : `- example: \`${key}: ${writeYaml(example)}\`\n`}`;
}

function describeForm(schema: JsonSchema): string {
  if (schema.anyOf) {
    const references = '`{env: NAME}` or `{file: PATH}`';
    return schema.anyOf.some(({ type }) => type === 'string') ? `text, ${references}` : references;
  }
  if (schema.const !== undefined) return `\`${writeYaml(schema.const)}\``;
  if (schema.pattern === DURATION.source) return 'duration';
  if (schema.type === 'array') return schema.items?.type === 'object' ? 'list of mappings' : 'list of texts';
  return { object: 'mapping', boolean: '`true` or `false`' }[schema.type ?? ''] ?? 'text';
}

function renderFailures(): string {
  const types = Object.keys(FAILURES) as FailureType[];
  const rows = types.map(
    (type) =>
      `| [${type}](#${type.toLowerCase()}) | ${failureEntry(type).whoActs} | ${describeRetry(failureEntry(type))} |`,
  );
  const sections = types.map((type) => renderFailure(type, failureEntry(type)));
  return `${NOTE}

# Failures

Everything that can go wrong in a run has one of these types, in reports and in Temporal. Whatever is not tried
again within the run is tried again by the next one, at the next time of the schedule.

| type | who acts | tried again within the run |
| --- | --- | --- |
${rows.join('\n')}

${sections.join('\n')}`;
}

function renderFailure(type: FailureType, entry: FailureEntry): string {
  return `## ${type}

${escapeMarkdown(entry.meaning)}

- Who acts: ${entry.whoActs}
- What to do: ${escapeMarkdown(entry.remedy)}
- Tried again within the run: ${describeRetry(entry)}
`;
}

function describeRetry(entry: FailureEntry): string {
  if (!entry.retryable) return 'no';
  return entry.retryAfterMinutes === undefined
    ? 'yes, after growing waits'
    : `yes, every ${entry.retryAfterMinutes} min`;
}

/** Text outside of code spans, so that `<account>` is no HTML tag and `*` no emphasis. */
function escapeMarkdown(text: string): string {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part.replace(/[<*]/g, '\\$&') : part))
    .join('`');
}

async function main(args: readonly string[]): Promise<number> {
  if (!args.includes('--check')) {
    for (const [path, text] of await generateDocs()) writeFileSync(join(ROOT, path), text);
    return 0;
  }
  const stale = await findStaleDocs(ROOT);
  for (const path of stale)
    process.stderr.write(`${path} is stale: run \`npx tsx scripts/generate-docs.ts\`\n`);
  return stale.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
