import assert from 'node:assert/strict';
import {
  bareHost,
  ecrHost,
  isAccount,
  isRegion,
  parseEcrHost,
  tokenGroup,
} from '../../src/domain/registry-host.js';

const ACCOUNT = '123456789012';

describe('parseEcrHost', () => {
  for (const [kind, host, region] of [
    ['standard', 'dkr.ecr.us-east-1.amazonaws.com', 'us-east-1'],
    ['a region with a long name', 'dkr.ecr.ap-southeast-5.amazonaws.com', 'ap-southeast-5'],
    ['FIPS', 'dkr.ecr-fips.us-east-2.amazonaws.com', 'us-east-2'],
    ['dual-stack', 'dkr-ecr.eu-west-1.on.aws', 'eu-west-1'],
    ['dual-stack and FIPS', 'dkr-ecr-fips.us-west-2.on.aws', 'us-west-2'],
    ['GovCloud', 'dkr.ecr.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['GovCloud, FIPS', 'dkr.ecr-fips.us-gov-east-1.amazonaws.com', 'us-gov-east-1'],
    ['China', 'dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['China, dual-stack', 'dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn', 'cn-northwest-1'],
    ['ISO', 'dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
    ['ISOB', 'dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1'],
    ['ISOE', 'dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1'],
    ['ISOF', 'dkr.ecr.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1'],
    ['the European Sovereign Cloud', 'dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
  ] as const) {
    it(`reads account and region of ${kind}`, () => {
      const name = `${ACCOUNT}.${host}`;
      assert.deepEqual(parseEcrHost(name), { host: name, account: ACCOUNT, region });
    });
  }

  for (const [why, host] of [
    ['an account of 11 digits', '12345678901.dkr.ecr.us-east-1.amazonaws.com'],
    ['an account of 13 digits', '1234567890123.dkr.ecr.us-east-1.amazonaws.com'],
    ['an account of letters', 'abcdefghijkl.dkr.ecr.us-east-1.amazonaws.com'],
    ['a suffix after its own', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.evil.com`],
    ['a suffix that only ends alike', `${ACCOUNT}.dkr.ecr.us-east-1.evilamazonaws.com`],
    ['something before the account', `evil.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['any character where a dot belongs', `${ACCOUNT}.dkr.ecr.us-east-1.amazonawsxcom`],
    ['a dot within the region', `${ACCOUNT}.dkr.ecr.us-east-1.elb.amazonaws.com`],
    ['no region', `${ACCOUNT}.dkr.ecr..amazonaws.com`],
    ['the name of another service for a region', `${ACCOUNT}.dkr.ecr.s3.amazonaws.com`],
    ['capital letters', `${ACCOUNT}.dkr.ecr.us-east-1.Amazonaws.com`],
    ['a port', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com:443`],
    ['a path', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team`],
    ['a scheme', `https://${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['a user before the host', `AWS@${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['a line break at its end', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com\n`],
    ['a dot at its end', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.`],
    ['the API instead of the registry', 'api.ecr.us-east-1.amazonaws.com'],
    ['ECR Public', 'public.ecr.aws'],
    ['nothing', ''],
  ] as const) {
    it(`refuses ${why}`, () => assert.equal(parseEcrHost(host), undefined));
  }
});

describe('bareHost', () => {
  for (const [written, bare] of [
    ['registry.example.com', 'registry.example.com'],
    ['https://registry.example.com', 'registry.example.com'],
    ['http://registry.example.com/', 'registry.example.com'],
    ['HTTPS://Registry.Example.com', 'registry.example.com'],
    ['  registry.example.com/v2/  ', 'registry.example.com'],
    ['https://registry.example.com:5000/team/app', 'registry.example.com:5000'],
    ['https://', ''],
    ['', ''],
  ] as const) {
    it(`makes ${JSON.stringify(bare)} of ${JSON.stringify(written)}`, () =>
      assert.equal(bareHost(written), bare));
  }

  it('leaves a user name in place, so that such a host is no known registry', () =>
    assert.equal(bareHost('https://AWS:x@registry.example.com'), 'aws:x@registry.example.com'));
});

describe('tokenGroup', () => {
  it('names principal and region', () =>
    assert.equal(tokenGroup('default', 'us-east-1'), 'default/us-east-1'));
});

describe('ecrHost', () => {
  for (const [region, suffix] of [
    ['us-east-1', 'amazonaws.com'],
    ['us-gov-west-1', 'amazonaws.com'],
    ['cn-north-1', 'amazonaws.com.cn'],
    ['us-iso-east-1', 'c2s.ic.gov'],
    ['us-isob-east-1', 'sc2s.sgov.gov'],
    ['us-isof-south-1', 'csp.hci.ic.gov'],
    ['eu-isoe-west-1', 'cloud.adc-e.uk'],
    ['eusc-de-east-1', 'amazonaws.eu'],
  ] as const) {
    it(`ends with ${suffix} in ${region}, and is read back as the same account and region`, () => {
      const host = ecrHost(ACCOUNT, region);
      assert.equal(host, `${ACCOUNT}.dkr.ecr.${region}.${suffix}`);
      assert.deepEqual(parseEcrHost(host), { host, account: ACCOUNT, region });
    });
  }
});

describe('isAccount', () => {
  it('takes twelve digits', () => assert.ok(isAccount('012345678901')));

  for (const text of [
    '',
    '12345678901',
    '1234567890123',
    '1234-5678-9012',
    '12345678901a',
    ' 123456789012',
  ]) {
    it(`does not take ${JSON.stringify(text)}`, () => assert.equal(isAccount(text), false));
  }
});

describe('isRegion', () => {
  for (const text of ['us-east-1', 'ap-southeast-5', 'us-gov-west-1']) {
    it(`takes ${text}`, () => assert.ok(isRegion(text)));
  }

  for (const text of ['', 'us', 'us-east', 'us-east-1a', 'US-EAST-1', 'us-east-1.evil.com', 'us-east-1/x']) {
    it(`does not take ${JSON.stringify(text)}`, () => assert.equal(isRegion(text), false));
  }
});
