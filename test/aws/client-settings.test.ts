import { createApp } from '../../src/app.js';
import { fakeConfig } from '../fakes/fake-config.js';
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

  it('rejects a proxy that is not an HTTP proxy as ConfigInvalid, without showing its URL', async () => {
    const created = Promise.resolve().then(() => createApp(fakeConfig()));
    await expectFailure(created, 'ConfigInvalid', [SECRET]);
  });
});
