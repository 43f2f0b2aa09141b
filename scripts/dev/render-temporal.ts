// The page about the connection to Temporal: its settings, and why it fails.
import { groupBy } from '../../src/config/group-by.js';
import { METADATA_PREFIX, TEMPORAL_SETTINGS } from '../../src/temporal/settings/temporal-variables.js';
import { TEMPORAL_REASONS, TemporalUnavailable } from '../../src/temporal/unavailable.js';

export function renderTemporal(note: string): string {
  return `${note}

# Connection to Temporal

The worker and every command that uses Temporal read the same settings, as Temporal's own tools do: environment variables,
and a profile of \`temporal.toml\`. No file is needed.

- A variable replaces the value in the file. **An empty variable counts as not set.**
- The file is \`TEMPORAL_CONFIG_FILE\`, else \`temporalio/temporal.toml\` in the configuration folder of the user:
  \`$XDG_CONFIG_HOME\` or \`~/.config\` on Linux, \`~/Library/Application Support\` on macOS, \`%APPDATA%\` on Windows.
- Settings and files are checked before anything is contacted. All problems are reported at once, with exit code 78: each
  has the setting and its fix, and never its value, since any value may be a misplaced secret.

As variables:

\`\`\`bash
TEMPORAL_ADDRESS=temporal.example.com:7233
TEMPORAL_NAMESPACE=default
TEMPORAL_TLS_CLIENT_CERT_PATH=/etc/temporal/client.pem
TEMPORAL_TLS_CLIENT_KEY_PATH=/etc/temporal/client-key.pem
\`\`\`

The same as a file:

\`\`\`toml
# temporal.toml
[profile.default]
address = "temporal.example.com:7233"
namespace = "default"

[profile.default.tls]
client_cert_path = "/etc/temporal/client.pem"
client_key_path = "/etc/temporal/client-key.pem"
\`\`\`

## Settings

Each variable, and its key in a profile of the file. Paths of PEM files are relative to the working directory.

${Object.values(TEMPORAL_SETTINGS).map(renderSetting).join('\n')}

## TLS

TLS is on if \`TEMPORAL_TLS\` turns it on, or if an API key, another setting of TLS or a table \`tls\` in the profile is
set. What would be sent unencrypted or be ignored is an error:

- an API key, or a header whose name suggests a secret, without TLS, except for loopback
- a client certificate, a CA or a name of the server while TLS is turned off
- a certificate without its key, a key without its certificate, a key of another certificate, an encrypted key
- a path and a text for the same certificate or key, both as variables or both in the file

The certificate of the server is always verified. Worker and commands trust the same CAs: those that are set, else
[those that Airflow and AWS are trusted with](operations.md#custom-certificate-authorities). An IPv6 address with TLS needs
\`TEMPORAL_TLS_SERVER_NAME\`. A certificate that has expired causes a warning.

## Proxy

Worker and commands use the same proxy, \`HTTPS_PROXY\`, with HTTP CONNECT, with and without TLS. Loopback and hosts in
\`NO_PROXY\` are reached directly, and other proxy variables have no effect. The Temporal SDK does not support a proxy with
\`https://\`, credentials with \`:\` or \`@\`, and an IPv6 address of Temporal behind a proxy: these are errors.

## Without effect

A variable \`TEMPORAL_*\` that is not a setting causes a warning with the variable to set instead, as far as known:

- old names such as \`TEMPORAL_HOST\`, and typos
- variables of the CLI (\`TEMPORAL_CLI_*\`) and codecs (\`TEMPORAL_CODEC_*\`)
- \`TEMPORAL_TLS_DISABLE_HOST_VERIFICATION\`

The same applies to unknown keys in the file and in the profile that is used. Not reported are \`${METADATA_PREFIX}*\`,
variables of the SDK (\`TEMPORAL_DEBUG\`, \`TEMPORAL_TRACE_NATIVE_CALLS\`) and of the sandbox (\`TEMPORAL_CLI\`), and those
that Kubernetes and Temporal's Worker Controller set.

## Reasons and fixes

When Temporal cannot be used, the message has its address and namespace, the proxy if one is in use, the cause and the fix.
The reason is \`code\` in the log of the worker and, with the prefix \`temporal-\`, in the JSON document of a command.

The worker waits until Temporal is available:

${renderReasons(({ isRefusal }) => !isRefusal)}

After a [refusal](troubleshooting.md#when-temporal-refuses-the-worker), it waits for a limited time only:

${renderReasons(({ isRefusal }) => isRefusal)}
`;
}

function renderSetting(entry: (typeof TEMPORAL_SETTINGS)[keyof typeof TEMPORAL_SETTINGS]): string {
  const key = 'key' in entry ? `, key \`${entry.key}\`` : '';
  return `- **\`${entry.variable}\`**${key}: ${entry.description}`;
}

/** A line for each fix, with the reasons that have it. */
function renderReasons(isListed: (error: TemporalUnavailable) => boolean): string {
  const errors = TEMPORAL_REASONS.map((reason) => new TemporalUnavailable(reason, '')).filter(isListed);
  const codes = groupBy(errors, ({ remedy }) => remedy);
  return [...codes]
    .map(([remedy, sharing]) => `- ${sharing.map(({ code }) => `\`${code}\``).join(', ')}: ${remedy}`)
    .join('\n');
}
