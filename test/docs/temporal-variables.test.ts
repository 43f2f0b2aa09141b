// The variables of Temporal that the documentation tells operators to set.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { TEMPORAL_SETTINGS } from '../../src/temporal/settings/temporal-variables.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { listWarnings, read, useSettingsFolder } from '../temporal/settings/settings-folder.js';

/** Which Temporal CLI the sandbox runs; not a setting of the connection. */
const OF_THE_SANDBOX = ['TEMPORAL_CLI'];

/** What the documented path of each variable leads to. */
const FILES: Readonly<Record<string, string>> = {
  TEMPORAL_CONFIG_FILE: '[profile.default]\naddress = "temporal.example.com:7233"\napi_key = "key"\n',
  TEMPORAL_TLS_CLIENT_CERT_PATH: SELF_SIGNED.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: SELF_SIGNED.key,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: SELF_SIGNED.cert,
};

function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The block of a language that contains a text. */
function findBlock(path: string, language: string, text: string): string {
  const blocks = [...readText(path).matchAll(new RegExp(`\n\`\`\`${language}\n(.*?)\`\`\``, 'gs'))];
  const found = blocks.map(([, block = '']) => block).filter((block) => block.includes(text));
  assert.equal(found.length, 1, text);
  return found[0] ?? '';
}

/** Without the lines that are commented out. */
function findVariables(block: string): [name: string, value: string][] {
  const lines = block.matchAll(/^(?: *- \{ name: )?(TEMPORAL_\w+)(?:=|, value: )(.*?)(?: \})?$/gm);
  return [...lines].map(([, name = '', value = '']) => [name, value.replaceAll("'", '')]);
}

describe('the documented variables of Temporal', () => {
  const write = useSettingsFolder();

  it('exist', () => {
    const known: readonly string[] = Object.values(TEMPORAL_SETTINGS).map(({ variable }) => variable);
    for (const path of ['README.md', 'docs/deploy.md', 'docs/operations.md', 'docs/alerting.md']) {
      const named = readText(path).match(/\bTEMPORAL_[A-Z_]*[A-Z]\b/g) ?? [];
      assert.ok(named.length > 0, path);
      const unknown = named.filter((name) => !known.includes(name) && !OF_THE_SANDBOX.includes(name));
      assert.deepEqual(unknown, [], path);
    }
  });

  for (const { title, path, language, text, count } of [
    { title: 'the Deployment', path: 'docs/deploy.md', language: 'yaml', text: 'kind: Deployment', count: 5 },
    { title: 'the CronJob', path: 'docs/alerting.md', language: 'yaml', text: 'kind: CronJob', count: 2 },
    { title: 'the unit', path: 'docs/deploy.md', language: 'ini', text: 'TEMPORAL_', count: 1 },
  ]) {
    it(`are read without problems and warnings: those of ${title}`, () => {
      const variables = findVariables(findBlock(path, language, text));
      assert.equal(variables.length, count, variables.join('\n'));
      const env = Object.fromEntries(
        variables.map(([name, value]) => {
          const content = FILES[name];
          return [name, content === undefined ? value : write(`${name}.txt`, content)];
        }),
      );
      assert.deepEqual(listWarnings(env), []);
      assert.equal(read(env).address, 'temporal.example.com:7233');
    });
  }
});
