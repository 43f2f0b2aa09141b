// The page about the configuration file: its forms, and each setting of the schema.
import {
  configJsonSchema,
  listSettings,
  toYaml,
  type JsonSchema,
  type Setting,
} from '../../src/config/settings.js';
import { DURATION } from '../../src/config/schema/values.js';
import { escapeMarkdown } from './escape-markdown.js';

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

export function renderConfiguration(note: string, example: string): string {
  const settings = listSettings(configJsonSchema()).filter(({ isPartOfValue }) => !isPartOfValue);
  return `${note}

# Configuration

The worker and every command read one YAML file: \`--config PATH\`, else \`ECR_REFRESH_CONFIG\`, else \`./refresh.yaml\`.

- **Check it** with \`doctor --offline\`. It shows all problems at once, each with line, setting and fix.
- **Edit it** at any time: the worker reads the file again at each run, without a restart. With an invalid edit, the run
  refreshes with the last valid configuration, then fails and reports the problem.
- **Complete it in an editor** with a YAML language server: keep the first line of the example, which names
  [configuration.schema.json](configuration.schema.json).

Unknown settings and duplicate keys are errors. YAML anchors, aliases and merge keys (\`<<\`) are supported. The file is
UTF-8, at most 256 KiB.

\`\`\`yaml
${example.trim()}
\`\`\`

## Which connections

\`\`\`yaml
${CONNECTIONS_EXAMPLE}\`\`\`

The worker reads and writes only the connections that an entry matches. An entry has one of these forms:

- \`ID\`: that connection. Its registry is read from its host. If it is missing, the run reports a failure.
- \`{id: ID, registry: NAME}\`: that connection, if it belongs to that entry of \`registries\`.
- \`{id: ID, registry: NAME, ifMissing: create}\`: that connection, created if it is missing.
- \`{match: PATTERN}\`, with or without \`registry\`: every docker connection whose whole id matches.

**The first entry that matches a connection applies**, as in ssh_config: put single ids before the patterns that match
them. An entry that an earlier pattern covers causes a warning in \`doctor\` and in the worker's log; an id that occurs
twice is an error. Entries of \`airflows\` with the same \`url\` are one Airflow instance: their \`connections\` are read
in order, one entry after the other.

## References

Where a setting allows it, a value can be kept outside the file. Secrets must be kept outside.

- \`{env: NAME}\`: the environment variable. It must be set and not empty. Child processes do not get it, unless its name
  begins with \`AWS_\`, \`DOCKER_\` or \`NODE_\`.
- \`{file: PATH}\`: the content of the file, without a newline at its end. The path is relative to the folder of the
  configuration file; the file is UTF-8, at most 64 KiB.
- \`{airflowVariable: KEY, airflow: NAME}\`: the Airflow Variable with that key in the Airflow with that name, read by each
  run. Only for [\`account\` and \`region\` of a registry](#account-and-region-in-airflow-variables).

The value of a reference is never shown. A replaced file is used without a restart:

- Passwords are read again at each login.
- Tokens, headers and \`caFile\` of an Airflow instance are read again for each request.
- Other PEM files are read again for each network connection.
- Other references are treated like values in the configuration file: each run reads them again.

The configuration and these files can be symbolic links, as Kubernetes mounts them, and can belong to any user.

- A world-writable file is an error.
- A secret in a world-readable file causes a warning in \`doctor\` and in the worker's log.
- A password with a line break, or with leading or trailing blanks, causes a warning, too. A token or header with these
  characters is an error, because it cannot be sent in a request.

## Account and region in Airflow Variables

If the account or region is stored in an Airflow Variable, each run determines the host of the registry:

\`\`\`yaml
${VARIABLES_EXAMPLE}\`\`\`

## Settings

${renderIndex(settings)}

A duration is a whole number with its unit: \`30s\`, \`5m\`, \`4h\`, \`1d\`.

${settings.map(renderSetting).join('\n')}`;
}

/** A line for each section of the file, with links to its settings. */
function renderIndex(settings: readonly Setting[]): string {
  const sections = settings.filter(({ path }) => isSection(path));
  return sections
    .map((section) => {
      const prefix = new RegExp(`^${section.path}(?:\\[\\])?\\.`);
      const links = settings
        .filter(({ path }) => prefix.test(path))
        .map(({ path }) => linkTo(path, path.replace(prefix, '')));
      return `- **${linkTo(section.path, section.path)}**${links.length === 0 ? '' : ': '}${links.join(', ')}`;
    })
    .join('\n');
}

function isSection(path: string): boolean {
  return !path.includes('.');
}

/** A link to the heading of a setting: anchors are lower-case and have no punctuation. */
function linkTo(path: string, text: string): string {
  return `[\`${text}\`](#${path.toLowerCase().replaceAll(/[^a-z]/g, '')})`;
}

function describePresence({ parent, schema: { default: value } }: Setting, key: string): string {
  if (parent.required?.includes(key)) return 'Required.';
  if (isRequiredInPart(parent, key)) return 'Required in some cases.';
  return value === undefined || typeof value === 'object' ? 'Optional.' : `Default: \`${toYaml(value)}\`.`;
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
  const examples = (schema.examples ?? []).map((example) => `- Example: \`${key}: ${toYaml(example)}\`\n`);
  return `${isSection(path) ? '###' : '####'} \`${path}\`

${escapeMarkdown(schema.description ?? '')}

- Type: ${describeForm(schema)}. ${describePresence(setting, key)}
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

function describeChoice(choices: readonly JsonSchema[]): string {
  return joinChoices(
    choices.map((choice) => {
      const { properties } = choice;
      if (!properties) return describeForm(choice);
      if (Object.hasOwn(properties, 'airflowVariable')) return '`{airflowVariable: KEY, airflow: NAME}`';
      return Object.hasOwn(properties, 'env') ? '`{env: NAME}`' : '`{file: PATH}`';
    }),
  );
}

function describeList(items: JsonSchema | undefined): string {
  if (items?.anyOf && items.type === undefined) return 'list of text values and mappings';
  return items?.type === 'object' ? 'list of mappings' : 'list of text values';
}

function joinChoices(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
