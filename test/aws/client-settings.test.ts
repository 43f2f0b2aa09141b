import assert from 'node:assert/strict';
import { STS } from '@aws-sdk/client-sts';
import { toAwsFailure } from '../../src/aws/aws-error.js';
import { clientSettings } from '../../src/aws/client-settings.js';
import { expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

const SECRET = 'a-password-that-must-not-show';

describe('clientSettings', () => {
  let restore: () => void;

  beforeEach(() => {
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      HTTPS_PROXY: `socks5://user:${SECRET}@localhost:1080`,
    });
  });
  afterEach(() => restore());

  function call(endpoint: string): Promise<unknown> {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = new STS({ ...clientSettings(), region: 'us-east-1', credentials, endpoint });
    return client.getCallerIdentity({}).catch((error: unknown) => {
      throw toAwsFailure('STS', error);
    });
  }

  it('fails only the calls that need an invalid proxy, without showing its URL', async () => {
    const { message, remedy } = await expectFailure(call('https://sts.example.invalid'), 'AwsUnavailable', [
      SECRET,
    ]);
    assert.equal(message, 'STS: HTTPS_PROXY is a SOCKS proxy, which is not supported');
    assert.match(remedy, /^Set HTTPS_PROXY to an HTTP proxy/);
    const { message: direct } = await expectFailure(call('https://127.0.0.1:9'), 'AwsUnavailable', [SECRET]);
    assert.equal(direct, 'STS: connection refused (127.0.0.1:9)');
  });

  it('names the proxy in use, and the variable', async () => {
    restore();
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, https_proxy: `http://user:${SECRET}@127.0.0.1:9` });
    const { message } = await expectFailure(call('https://sts.example.invalid'), 'AwsUnavailable', [SECRET]);
    assert.equal(
      message,
      'STS: connection refused (proxy http://127.0.0.1:9 of https_proxy, for sts.example.invalid:443)',
    );
  });
});
