import { clientSettings } from '../../src/aws/client-settings.js';
import { expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

const SECRET = 'a-password-that-must-not-show';

describe('clientSettings', () => {
  it('refuses a proxy that is not one of HTTP as ConfigInvalid, without showing it', async () => {
    const restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      HTTPS_PROXY: `socks5://user:${SECRET}@localhost:1080`,
    });
    const created = Promise.resolve().then(() => clientSettings());
    await expectFailure(created, 'ConfigInvalid', [SECRET]).finally(restore);
  });
});
