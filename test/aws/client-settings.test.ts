import assert from 'node:assert/strict';
import { createApp } from '../../src/app.js';
import { clientSettings } from '../../src/aws/client-settings.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { NetworkError } from '../../src/net/network-error.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { assertHides, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

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

  it('throws an error of the network without the proxy that is not one of HTTP', () => {
    assert.throws(clientSettings, (error) => {
      assertHides(error, [SECRET]);
      return error instanceof NetworkError && error.code === 'proxy-invalid';
    });
  });

  it('refuses a proxy that is not one of HTTP as ConfigInvalid, without showing it', async () => {
    const created = Promise.resolve().then(() => createApp(new ConfigStore(fakeConfig())));
    await expectFailure(created, 'ConfigInvalid', [SECRET]);
  });
});
