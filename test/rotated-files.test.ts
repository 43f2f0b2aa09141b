// New content of a file that provides a setting is used without a restart.
import assert from 'node:assert/strict';
import type http from 'node:http';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AllowedConfig, ConfigSource } from '../src/activities/allowed-config.js';
import { createApp } from '../src/app.js';
import { loadConfig } from '../src/config/load.js';
import {
  answerJson,
  anySignal,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
  type RecordedRequest,
} from './support/local-server.js';
import { putFiles, REPLACEMENTS, type Replacement } from './support/replace-files.js';

/** Version of the file: 1 at the start, 2 after it was replaced. */
type Version = 1 | 2;

/** A setting that is visible in requests to Airflow, or to AWS in front of it. */
interface SentSetting {
  readonly setting: string;
  /** Configuration of the Airflow instance, without its URL. */
  readonly config: string;
  /** By default, the URL of the server is added. */
  readonly hasNoUrl?: true;
  /** Content of the file; by default `value-1` and `value-2`. */
  readonly content?: (version: Version, url: string) => string;
  readonly isSent: (request: RecordedRequest, version: Version) => boolean;
}

const TOKEN = 'auth: {token: {env: TOKEN}}';

const READ_WHEN_NEEDED: readonly SentSetting[] = [
  {
    setting: 'the password for Airflow 2',
    config: 'version: 2, auth: {username: op, password: {file: mount/value}}',
    isSent: ({ headers }, version) => headers.authorization === basic('op', `value-${version}`),
  },
  {
    setting: 'the password for Airflow 3',
    config: 'version: 3, auth: {username: op, password: {file: mount/value}}',
    isSent: ({ path: requested, headers, body }, version) =>
      requested === '/auth/token'
        ? body.includes(`"value-${version}"`)
        : headers.authorization === `Bearer jwt-${version}`,
  },
  {
    setting: 'a bearer token',
    config: 'version: 3, auth: {token: {file: mount/value}}',
    isSent: ({ headers }, version) => headers.authorization === `Bearer value-${version}`,
  },
  {
    setting: 'a header',
    config: `version: 3, ${TOKEN}, headers: {X-Api-Key: {file: mount/value}}`,
    isSent: ({ headers }, version) => headers['x-api-key'] === `value-${version}`,
  },
];

const READ_AT_EACH_RUN: readonly SentSetting[] = [
  {
    setting: 'a user name',
    config: 'version: 2, auth: {username: {file: mount/value}, password: {env: TOKEN}}',
    isSent: ({ headers }, version) => headers.authorization === basic(`value-${version}`, 'token'),
  },
  {
    setting: 'a URL',
    config: `version: 3, url: {file: mount/value}, ${TOKEN}`,
    hasNoUrl: true,
    content: (version, url) => `${url}/value-${version}`,
    isSent: ({ path: requested }, version) => requested.startsWith(`/value-${version}/`),
  },
  {
    setting: 'an MWAA environment',
    config: 'version: 3, auth: {mwaa: {environment: {file: mount/value}, region: us-east-1}}',
    hasNoUrl: true,
    isSent: ({ path: requested }, version) => requested === `/restapi/value-${version}`,
  },
  {
    setting: 'the region of an MWAA environment',
    config: 'version: 3, auth: {mwaa: {environment: data, region: {file: mount/value}}}',
    hasNoUrl: true,
    content: (version) => `eu-west-${version}`,
    isSent: ({ headers }, version) => headers.authorization?.includes(`/eu-west-${version}/`) ?? false,
  },
];

const OF_REGISTRIES: readonly {
  readonly setting: string;
  readonly config: string;
  readonly contents: readonly [string, string];
}[] = [
  {
    setting: 'the account of a registry',
    config: 'account: {file: mount/value}, region: us-east-1',
    contents: ['111111111111', '222222222222'],
  },
  {
    setting: 'the region of a registry',
    config: 'account: "123456789012", region: {file: mount/value}',
    contents: ['eu-west-1', 'eu-west-2'],
  },
  {
    setting: 'an external id',
    config:
      'account: "123456789012", region: us-east-1, ' +
      'credentials: {roleArn: "arn:aws:iam::123456789012:role/pull", externalId: {file: mount/value}}',
    contents: ['external-1', 'external-2'],
  },
];

describe('a setting from a file', () => {
  let folder: string;
  let server: LocalServer;
  /** The server rejects all other requests. */
  let isAccepted: (request: RecordedRequest) => boolean;
  let version: Version;
  let restore = (): void => {};

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rotated-files-'));
    version = 1;
    server = await startServer((request, response) => respond(request, response));
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_ENDPOINT_URL_MWAA: server.url,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
    });
  });
  afterEach(async () => {
    restore();
    await server.close();
    fs.rmSync(folder, { recursive: true });
  });

  /** Responds as Airflow, and as MWAA in front of it. */
  function respond(request: RecordedRequest, response: http.ServerResponse): void {
    if (!isAccepted(request)) return answerJson(response, 401, { detail: null });
    if (request.path === '/auth/token') {
      return answerJson(response, 201, { access_token: `jwt-${version}` });
    }
    const variable = { value: 'v' };
    answerJson(response, 200, { ...variable, RestApiStatusCode: 200, RestApiResponse: variable });
  }

  function put(content: string, replacement: Replacement, name = 'value'): void {
    putFiles(path.join(folder, 'mount'), { [name]: `${content}\n` }, replacement);
  }

  /** The configuration of a worker that starts now. */
  function start(configFile: string): ConfigSource {
    const env = { TOKEN: 'token' };
    return createApp(loadConfig(configFile, env), { env }).source;
  }

  function writeConfig(text: string): string {
    const file = path.join(folder, 'refresh.yaml');
    fs.writeFileSync(file, `version: 1\n${text}\ndocker: {engines: []}\n`, { mode: 0o600 });
    return file;
  }

  async function sendRequest({ variables }: AllowedConfig): Promise<void> {
    const airflow = variables.get('main') ?? assert.fail('no Airflow');
    assert.equal(await airflow.readVariable('x', anySignal()), 'v');
  }

  for (const { settings, isReadWhenNeeded } of [
    { settings: READ_WHEN_NEEDED, isReadWhenNeeded: true },
    { settings: READ_AT_EACH_RUN, isReadWhenNeeded: false },
  ]) {
    for (const { setting, config, hasNoUrl, content = valueOf, isSent } of settings) {
      for (const replacement of REPLACEMENTS) {
        const when = isReadWhenNeeded ? 'by the next login or request' : 'by the next run';
        it(`${setting}: a change is used ${when} (${replacement})`, async () => {
          isAccepted = (received) => isSent(received, version);
          put(content(1, server.url), replacement);
          const url = hasNoUrl ? '' : `url: "${server.url}", `;
          const source = start(writeConfig(`airflows: [{name: main, connections: [a], ${url}${config}}]`));
          const { allowed } = source.reread();
          await sendRequest(allowed);
          version = 2;
          put(content(2, server.url), replacement);
          await sendRequest(isReadWhenNeeded ? allowed : source.reread().allowed);
        });
      }
    }
  }

  for (const { setting, config, contents } of OF_REGISTRIES) {
    for (const replacement of REPLACEMENTS) {
      it(`${setting}: a change is used by the next run (${replacement})`, () => {
        const airflow = `airflows: [{name: main, connections: [a], url: "${server.url}", ${TOKEN}}]`;
        put(contents[0], replacement);
        const source = start(writeConfig(`${airflow}\nregistries: [{name: r, ${config}}]`));
        for (const content of contents) {
          put(content, replacement);
          assert.ok(JSON.stringify(source.reread().allowed.registries).includes(`"${content}"`));
        }
      });
    }
  }

  for (const replacement of REPLACEMENTS) {
    it(`the configuration file: a change is used by the next run (${replacement})`, () => {
      const write = (id: string): void => {
        const airflow = `airflows: [{name: main, connections: [${id}], url: "${server.url}", ${TOKEN}}]`;
        put(`version: 1\n${airflow}\ndocker: {engines: []}`, replacement, 'refresh.yaml');
      };
      write('first');
      const source = start(path.join(folder, 'mount/refresh.yaml'));
      write('second');
      assert.deepEqual(source.reread().allowed.stores.get('main')?.rules.named, ['second']);
    });
  }
});

function valueOf(version: Version): string {
  return `value-${version}`;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
