// Writes the documentation that follows from the code: configuration.md and its JSON Schema from the schema of the
// configuration, failures.md from the catalogue. `--check` fails when a file differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import {
  configJsonSchema,
  listSettings,
  toYaml,
  type JsonSchema,
  type Setting,
} from '../../src/config/settings.js';
import { DURATION } from '../../src/config/schema/values.js';
import { toEditorSchema } from './editor-schema.js';
import { failureEntry, FAILURES, type FailureEntry, type FailureType } from '../../src/refresh/failures.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONNECTIONS_EXAMPLE = `airflows:
  - name: main
    url: https://airflow.example.com
    auth: { username: ecr-refresh, password: { env: AIRFLOW_PASSWORD } }
    connections:
      - docker_default
      - { id: docker_eu, registry: eu, ifMissing: create }
      - { match: "*_ecr" }
registries:
  - { name: eu, region: eu-west-1, account: "123456789012" }
`;
const VARIABLES_EXAMPLE = `airflows:
  - name: main
    url: https://airflow.example.com
    auth: { username: ecr-refresh, password: { env: AIRFLOW_PASSWORD } }
    connections: [{ id: docker_default, registry: main }]
registries:
  - name: main
    account: { airflowVariable: ecr_aws_account, airflow: main }
    region: { airflowVariable: ecr_aws_region_name, airflow: main }
`;
const NOTE = '<!-- Written by scripts/dev/generate-docs.ts: edit there, or in what it reads. -->';

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
  return JSON.stringify(toEditorSchema(configJsonSchema()));
}

function renderConfiguration(): string {
  const example = readFileSync(join(ROOT, 'refresh.example.yaml'), 'utf8');
  return `${NOTE}

# Configuration

The worker and every command read one YAML file: \`--config PATH\`, else \`ECR_REFRESH_CONFIG\`, else
\`./refresh.yaml\`. The worker reads it again at each run: an edit needs no restart. An invalid edit changes
nothing: the run refreshes with the last good configuration, then fails and reports the problem.
\`doctor --offline\` checks the file and shows all problems at once, each with line, setting and fix.

Unknown settings and duplicate keys are errors. Anchors, aliases and merge keys (\`<<\`) of YAML can be used. The file is
UTF-8, at most 256 KiB. Editors with a YAML language server check and complete it with
[configuration.schema.json](configuration.schema.json): keep the first line of the example.

\`\`\`yaml
${example.trim()}
\`\`\`

## References

Where a setting says so, a value can be kept outside the file. Secrets must be.

| form | stands for |
| --- | --- |
| \`{env: NAME}\` | the environment variable; it must be set and not empty |
| \`{file: PATH}\` | the content of the file, without a newline at its end; relative to the folder of the configuration file; UTF-8, at most 64 KiB |
| \`{airflowVariable: KEY, airflow: NAME}\` | for \`account\` and \`region\` of a registry only: the Airflow Variable with that key in the Airflow with that name, read by each run |

The value of a reference is never shown. Passwords are read again at each login, tokens, headers and \`caFile\` for each
request, other PEM files at each connection, so that a file that is replaced is used without a restart. Other references
are part of the configuration, as if their value were in the file: each run reads them again.

The configuration and these files may be symbolic links, as Kubernetes mounts them, and belong to any user. A
world-writable file is an error; a secret in a world-readable file is a warning in \`doctor\` and in the worker's log, and so
is a password with a line break or with blanks at its ends. A token or header of that kind is an error, since no request
could contain it.

## Which connections

\`\`\`yaml
${CONNECTIONS_EXAMPLE}\`\`\`

The worker reads and writes only the connections that an entry matches. **The first entry that matches a connection
applies**, as in ssh_config: put single ids before the patterns that match them. An entry that an earlier pattern
covers is a warning in \`doctor\` and in the worker's log; an id that occurs twice is an error. Entries of \`airflows\` with
the same \`url\` are one Airflow: their \`connections\` are read one after the other.

| form | selects |
| --- | --- |
| \`ID\` | that connection; its registry is read from its host; when it is missing, the run reports it |
| \`{id: ID, registry: NAME}\` | that connection, if it belongs to that entry of \`registries\` |
| \`{id: ID, registry: NAME, ifMissing: create}\` | that connection, created when it is missing |
| \`{match: PATTERN}\`, with or without \`registry\` | every docker connection whose whole id matches |

## Account and region kept in Airflow

With account or region in Airflow Variables, each run finds the host of the registry:

\`\`\`yaml
${VARIABLES_EXAMPLE}\`\`\`

## Settings

A duration is a whole number with its unit: \`30s\`, \`5m\`, \`4h\`, \`1d\`.

${listSettings(configJsonSchema())
  .filter(({ isPartOfValue }) => !isPartOfValue)
  .map(renderSetting)
  .join('\n')}`;
}

function describePresence({ parent, schema: { default: value } }: Setting, key: string): string {
  if (parent.required?.includes(key)) return 'required';
  if (isRequiredInPart(parent, key)) return 'required in some cases';
  return value === undefined || typeof value === 'object' ? 'optional' : `default \`${toYaml(value)}\``;
}

function isRequiredInPart(schema: JsonSchema, key: string): boolean {
  const parts = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), schema.then, schema.else];
  return parts.some(
    (part) => part !== undefined && (part.required?.includes(key) === true || isRequiredInPart(part, key)),
  );
}

function renderSetting(setting: Setting): string {
  const { path, schema } = setting;
  const key = path.split('.').at(-1) ?? path;
  const examples = (schema.examples ?? []).map((example) => `- example: \`${key}: ${toYaml(example)}\`\n`);
  return `### \`${path}\`

${escapeMarkdown(schema.description ?? '')}

- ${describeForm(schema)}, ${describePresence(setting, key)}
${examples.join('')}`;
}

function describeForm(schema: JsonSchema): string {
  if (schema.anyOf && schema.type === undefined) return describeChoice(schema.anyOf);
  if (schema.const !== undefined) return `\`${toYaml(schema.const)}\``;
  if (schema.enum) return joinChoices(schema.enum.map((value) => `\`${toYaml(value)}\``));
  if (schema.pattern === DURATION.source) return 'duration';
  if (schema.type === 'array') return describeList(schema.items);
  if (typeof schema.additionalProperties === 'object') {
    return `mapping of names to values: ${describeForm(schema.additionalProperties)}`;
  }
  return { object: 'mapping', boolean: '`true` or `false`' }[schema.type ?? ''] ?? 'text';
}

/** Text, references, or what an Airflow keeps. */
function describeChoice(choices: readonly JsonSchema[]): string {
  return joinChoices(
    choices.map(({ properties }) => {
      if (!properties) return 'text';
      if (Object.hasOwn(properties, 'airflowVariable')) return '`{airflowVariable: KEY, airflow: NAME}`';
      return Object.hasOwn(properties, 'env') ? '`{env: NAME}`' : '`{file: PATH}`';
    }),
  );
}

function describeList(items: JsonSchema | undefined): string {
  if (items?.anyOf && items.type === undefined) return 'list of texts and mappings';
  return items?.type === 'object' ? 'list of mappings' : 'list of texts';
}

function joinChoices(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

function renderFailures(): string {
  const types = Object.keys(FAILURES) as FailureType[];
  const rows = types.map(
    (type) =>
      `| [${type}](#${type.toLowerCase()}) | ${failureEntry(type).scope} | ${failureEntry(type).whoActs} | ${describeRetry(failureEntry(type))} |`,
  );
  const sections = types.map((type) => renderFailure(type, failureEntry(type)));
  return `${NOTE}

# Failures

Everything that can go wrong in a run has one of these types, in reports and in Temporal. What is not retried
within the run is retried by the next one, at the next time of the schedule. The scope is the smallest thing
that the failure stops: everything else continues.

| type | scope | who acts | retried within the run |
| --- | --- | --- | --- |
${rows.join('\n')}

${sections.join('\n')}`;
}

function renderFailure(type: FailureType, entry: FailureEntry): string {
  return `## ${type}

${escapeMarkdown(entry.meaning)}

- Scope: ${entry.scope}
- Who acts: ${entry.whoActs}
- What to do: ${escapeMarkdown(entry.remedy)}
- Retried within the run: ${describeRetry(entry)}
`;
}

function describeRetry(entry: FailureEntry): string {
  if (!entry.retryable) return 'no';
  return entry.retryAfterMinutes === undefined
    ? 'yes, with exponential back-off'
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
  for (const path of stale) process.stderr.write(`${path} is stale: run \`npm run docs\`\n`);
  return stale.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
