import assert from 'node:assert/strict';
import { getStsRegion } from '../../src/aws/sts-region.js';
import { expectFailure } from '../support/local-server.js';
import { REGION, role, roleArn, SECRET_KEY, startAwsFixture, type AwsFixture } from './aws-fixture.js';
import { AWS_REMEDIES } from '../../src/refresh/remedies/aws.js';

describe('the region of AWS STS', () => {
  const cases: readonly { title: string; registry: string; env: NodeJS.ProcessEnv; region: string }[] = [
    { title: 'is that of the registry by default', registry: 'us-west-2', env: {}, region: 'us-west-2' },
    {
      title: 'is AWS_REGION',
      registry: 'us-west-2',
      env: { AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'eu-west-1' },
      region: 'eu-central-1',
    },
    {
      title: 'is AWS_DEFAULT_REGION without AWS_REGION',
      registry: 'us-west-2',
      env: { AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-1' },
      region: 'eu-west-1',
    },
    {
      title: 'is that of the registry if AWS_REGION is in another partition',
      registry: 'cn-north-1',
      env: { AWS_REGION: 'eu-central-1' },
      region: 'cn-north-1',
    },
    {
      title: 'is AWS_REGION in another partition than the commercial one',
      registry: 'us-gov-east-1',
      env: { AWS_REGION: 'us-gov-west-1' },
      region: 'us-gov-west-1',
    },
    {
      title: 'is that of the registry if AWS_REGION has no FIPS endpoint, and one is required',
      registry: 'us-east-1',
      env: { AWS_REGION: 'eu-central-1', AWS_USE_FIPS_ENDPOINT: 'true' },
      region: 'us-east-1',
    },
    {
      title: 'is AWS_REGION if it has a FIPS endpoint, and one is required',
      registry: 'us-east-1',
      env: { AWS_REGION: 'us-west-2', AWS_USE_FIPS_ENDPOINT: 'true' },
      region: 'us-west-2',
    },
  ];
  for (const { title, registry, env, region } of cases) {
    it(title, () => assert.equal(getStsRegion(registry, env).region, region));
  }

  describe('with a role', () => {
    let fixture: AwsFixture;

    beforeEach(async () => void (fixture = await startAwsFixture()));
    afterEach(() => fixture.stop());

    it('is the same for AssumeRole and GetCallerIdentity, and ECR keeps that of the registry', async () => {
      fixture.set({ AWS_REGION: 'eu-central-1' });
      await fixture.issue(role('pull'), 'us-west-2');
      const regions = fixture.calls().map(({ action, region }) => `${action} ${region}`);
      assert.deepEqual([...new Set(regions)].toSorted(), [
        'AssumeRole eu-central-1',
        'GetAuthorizationToken us-west-2',
        'GetCallerIdentity eu-central-1',
      ]);
    });

    it('is the region of the profile for the role of a profile', async () => {
      fixture.withoutKeys();
      fixture.set({ AWS_PROFILE: 'pull', AWS_REGION: 'eu-central-1' });
      fixture.write(
        'credentials',
        `[base]\naws_access_key_id = AKID\naws_secret_access_key = ${SECRET_KEY}\n`,
      );
      fixture.write(
        'config',
        `[profile pull]\nregion = eu-west-3\nrole_arn = ${roleArn('pull')}\nsource_profile = base\n`,
      );
      await fixture.issue();
      assert.deepEqual(
        fixture.calls('AssumeRole').map(({ region }) => region),
        ['eu-west-3'],
      );
    });

    it('is named with its variable if it does not exist', async () => {
      fixture.set({ AWS_REGION: 'us-esat-1', AWS_ENDPOINT_URL_STS: 'http://sts.us-esat-1.invalid' });
      const failure = await expectFailure(fixture.issue(role('pull'), REGION), 'AwsUnavailable', [
        SECRET_KEY,
      ]);
      // Without a name server, the lookup fails instead.
      if (failure.message.endsWith('DNS lookup failed')) return;
      assert.match(
        failure.message,
        /unknown AWS region us-esat-1 in AWS_REGION \(did you mean us-east-1\?\)$/,
      );
      assert.equal(failure.remedy, AWS_REMEDIES.fixRegionSetting);
    });
  });
});
