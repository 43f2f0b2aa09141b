// New content of the TLS files that a setting names is used by the next connection, without a restart.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { AllowedConfig } from '../src/activities/allowed-config.js';
import { createApp } from '../src/app.js';
import { loadConfig } from '../src/config/load.js';
import { createCertificateAuthority, type Certificate } from './support/certificate-authority.js';
import { answerJson, anySignal, NO_PROXY_VARIABLES, setEnvironment } from './support/local-server.js';
import { putFiles, REPLACEMENTS, type Files } from './support/replace-files.js';

/** A CA, and the server and client certificates that it issued. */
interface Identity {
  readonly ca: string;
  readonly server: Certificate;
  readonly client: Certificate;
}

interface Setting {
  readonly setting: string;
  /** Appended to the settings of the Airflow instance. */
  readonly config: (port: number) => string;
  readonly env?: (port: number, mount: string) => NodeJS.ProcessEnv;
  /** Files in the folder `mount`. */
  readonly files: (identity: Identity) => Files;
  readonly hasClientCertificate: boolean;
  readonly use: (allowed: AllowedConfig) => Promise<unknown>;
}

const OTHER_AIRFLOW = 'url: "http://127.0.0.1:1"}]';

const SETTINGS: readonly Setting[] = [
  {
    setting: 'caFile of an Airflow',
    config: (port) => `url: "https://127.0.0.1:${port}", caFile: mount/ca.pem}]\ndocker: {engines: []}`,
    files: ({ ca }) => ({ 'ca.pem': ca }),
    hasClientCertificate: false,
    use: readVariable,
  },
  {
    setting: 'caFile of a Docker Engine',
    config: (port) =>
      `${OTHER_AIRFLOW}\ndocker: {engines: [{url: "tcp://127.0.0.1:${port}", caFile: mount/ca.pem}]}`,
    files: ({ ca }) => ({ 'ca.pem': ca }),
    hasClientCertificate: false,
    use: readEngineVersion,
  },
  {
    setting: 'caFile, certFile and keyFile of a Docker Engine',
    config: (port) =>
      `${OTHER_AIRFLOW}\ndocker: {engines: [{url: "tcp://127.0.0.1:${port}", ` +
      'caFile: mount/ca.pem, certFile: mount/cert.pem, keyFile: mount/key.pem}]}',
    files: toCertificateFolder,
    hasClientCertificate: true,
    use: readEngineVersion,
  },
  {
    setting: 'the files in DOCKER_CERT_PATH',
    config: () => OTHER_AIRFLOW,
    env: (port, mount) => ({
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: mount,
    }),
    files: toCertificateFolder,
    hasClientCertificate: true,
    use: readEngineVersion,
  },
];

describe('a setting with TLS files', () => {
  let root: string;
  let folder: string;
  let server: https.Server;
  let port: number;
  let isClientChecked: boolean;
  let restore = (): void => {};
  const identities: Identity[] = [];

  before(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'rotated-tls-files-'));
    for (const name of ['first', 'second']) {
      const authority = await createCertificateAuthority(path.join(root, name));
      identities.push({
        ca: fs.readFileSync(authority.caFile, 'utf8'),
        server: await authority.issueServer(['127.0.0.1']),
        client: await authority.issueClient('worker'),
      });
    }
    restore = setEnvironment(NO_PROXY_VARIABLES);
    server = https.createServer({ requestCert: true, rejectUnauthorized: false }, (request, response) => {
      const { authorized } = request.socket as TLSSocket;
      if (isClientChecked && !authorized) return answerJson(response, 403, {});
      answerJson(response, 200, { Version: '28.0.0', value: 'v' });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    restore();
    server.close();
    server.closeAllConnections();
    fs.rmSync(root, { recursive: true });
  });
  beforeEach(() => void (folder = fs.mkdtempSync(path.join(root, 'config-'))));

  /** The configuration of a worker that starts now. */
  function start({ config, env }: Setting): AllowedConfig {
    const text = `version: 1\nairflows: [{name: main, version: 3, connections: [a], auth: {token: {env: TOKEN}}, `;
    const file = path.join(folder, 'refresh.yaml');
    fs.writeFileSync(file, `${text}${config(port)}\n`, { mode: 0o600 });
    const fullEnv = { TOKEN: 'token', ...env?.(port, path.join(folder, 'mount')) };
    return createApp(loadConfig(file, fullEnv), { env: fullEnv }).source.reread().allowed;
  }

  for (const setting of SETTINGS) {
    for (const replacement of REPLACEMENTS) {
      it(`${setting.setting}: a change is used by the next connection (${replacement})`, async () => {
        isClientChecked = setting.hasClientCertificate;
        let allowed: AllowedConfig | undefined;
        for (const identity of identities) {
          const { ca, server: certificate } = identity;
          server.setSecureContext({ ca, cert: certificate.cert, key: certificate.key });
          server.closeIdleConnections();
          putFiles(path.join(folder, 'mount'), setting.files(identity), replacement);
          allowed ??= start(setting);
          await setting.use(allowed);
        }
      });
    }
  }
});

async function readVariable({ variables }: AllowedConfig): Promise<void> {
  const airflow = variables.get('main') ?? assert.fail('no Airflow');
  assert.equal(await airflow.readVariable('x', anySignal()), 'v');
}

async function readEngineVersion({ engines }: AllowedConfig): Promise<void> {
  const [engine] = engines.values();
  assert.equal(await engine?.engine.readVersion(anySignal()), '28.0.0');
}

/** File names as in Docker's own tools. */
function toCertificateFolder({ ca, client }: Identity): Files {
  return { 'ca.pem': ca, 'cert.pem': client.cert, 'key.pem': client.key };
}
