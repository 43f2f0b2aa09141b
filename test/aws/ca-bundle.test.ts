import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { STS } from '@aws-sdk/client-sts';
import { toAwsFailure } from '../../src/aws/aws-error.js';
import { clientSettings } from '../../src/aws/client-settings.js';
import type { RefreshFailure } from '../../src/refresh/failures.js';
import { createCertificateAuthority } from '../support/certificate-authority.js';
import { NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

const RESPONSE = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>`;

describe('the CA bundle of AWS', () => {
  let folder: string;
  let server: https.Server;
  let endpoint: string;
  let caFile: string;
  let restore = (): void => {};

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ca-bundle-'));
    const ca = await createCertificateAuthority(path.join(folder, 'ca'));
    caFile = ca.caFile;
    server = https.createServer(await ca.issueServer(['127.0.0.1']), (_request, response) =>
      response.end(RESPONSE),
    );
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    fs.rmSync(folder, { recursive: true });
  });
  afterEach(() => restore());

  /** Undefined for a successful call. */
  async function call(env: NodeJS.ProcessEnv): Promise<RefreshFailure | undefined> {
    restore();
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_CONFIG_FILE: path.join(folder, 'config'),
      AWS_PROFILE: undefined,
      AWS_CA_BUNDLE: undefined,
      ...env,
    });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = new STS({ ...clientSettings(), region: 'us-east-1', credentials, endpoint });
    try {
      await client.getCallerIdentity({});
      return undefined;
    } catch (error) {
      return toAwsFailure('STS', error);
    }
  }

  it('is needed for a CA of a company, and named in the fix', async () => {
    const failure = await call({});
    assert.match(failure?.message ?? '', /^STS: TLS: .* \(127\.0\.0\.1:\d+\)$/);
    assert.match(failure?.remedy ?? '', /AWS_CA_BUNDLE/);
  });

  it('is that of AWS_CA_BUNDLE', async () => assert.equal(await call({ AWS_CA_BUNDLE: caFile }), undefined));

  it('is ca_bundle of the profile in use', async () => {
    const text = `[default]\nca_bundle = /nowhere.pem\n[profile company]\nca_bundle = ${caFile}\n`;
    fs.writeFileSync(path.join(folder, 'config'), text);
    assert.equal(await call({ AWS_PROFILE: 'company' }), undefined);
    const failure = await call({});
    assert.equal(failure?.type, 'AwsUnavailable');
    assert.equal(failure.message, 'STS: ca_bundle of profile default: /nowhere.pem cannot be read');
    fs.rmSync(path.join(folder, 'config'));
  });

  it('is read again when it changes', async () => {
    const bundle = path.join(folder, 'bundle.pem');
    fs.writeFileSync(bundle, 'no certificate');
    const failure = await call({ AWS_CA_BUNDLE: bundle });
    assert.equal(failure?.message, `STS: AWS_CA_BUNDLE: ${bundle} contains no PEM certificate`);
    assert.match(failure.remedy, /^Set it to a PEM file/);
    fs.copyFileSync(caFile, bundle);
    assert.equal(await call({ AWS_CA_BUNDLE: bundle }), undefined);
  });
});
