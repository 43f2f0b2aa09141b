import assert from 'node:assert/strict';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { clientSettings } from '../../../src/aws/client-settings.js';
import { CredentialLoad } from '../../../src/aws/credentials/load-credentials.js';
import { DEFAULT_PRINCIPAL } from '../../../src/refresh/token-group.js';
import { startContainerCredentials, type CredentialsSource } from '../../support/aws-credentials.js';
import { anySignal } from '../../support/local-server.js';
import { keys, REGION, roleArn, SECRET_KEY, startAwsFixture, type AwsFixture } from '../aws-fixture.js';

const SOURCES = ['keys', 'AWS_PROFILE', 'default', 'web identity', 'container'] as const;

/** All combinations of sources. */
const SETS = Array.from({ length: 2 ** SOURCES.length }, (_, bits) =>
  SOURCES.filter((_source, bit) => (bits & (1 << bit)) !== 0),
).filter((sources) => sources.length > 0);

describe('the source of AWS credentials in use', () => {
  let fixture: AwsFixture;
  let container: CredentialsSource;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    const options = { aws: fixture.aws, roleArn: roleArn('task'), stateFolder: fixture.folder };
    container = await startContainerCredentials(options);
    fixture.withoutKeys();
  });
  afterEach(async () => {
    await container.stop();
    await fixture.stop();
  });

  function configure(sources: readonly string[]): void {
    if (sources.includes('container')) fixture.set(container.env);
    if (sources.includes('keys'))
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIDKEYS', AWS_SECRET_ACCESS_KEY: SECRET_KEY });
    if (sources.includes('AWS_PROFILE')) fixture.set({ AWS_PROFILE: 'x' });
    const profiles = [
      sources.includes('default') ? `[default]\n${keys('AKIDDEFAULT')}` : '',
      `[x]\n${keys('AKIDX')}`,
    ];
    fixture.write('credentials', profiles.join('\n'));
    if (!sources.includes('web identity')) return;
    fixture.set({
      AWS_ROLE_ARN: roleArn('pod'),
      AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('token', 'a token'),
    });
  }

  function toSource(accessKeyId: string): string {
    const session = fixture.aws.sessions.find((one) => one.accessKeyId === accessKeyId);
    return session?.arn.split('/')[1] ?? accessKeyId;
  }

  for (const sources of SETS) {
    it(`is the same as in the SDK's chain with ${sources.join(', ')}`, async () => {
      configure(sources);
      const settings = clientSettings();
      const sdk = fromNodeProviderChain({
        clientConfig: settings,
        logger: settings.logger,
        ignoreCache: true,
      });
      const expected = await sdk({ callerClientConfig: { region: async () => REGION } });
      const load = new CredentialLoad(settings);
      const own = await load.run(DEFAULT_PRINCIPAL, REGION, undefined, anySignal());
      assert.equal(toSource(own.accessKeyId), toSource(expected.accessKeyId));
    });
  }
});
