import assert from 'node:assert/strict';
import {
  describeUnknownRegion,
  ECR_PUBLIC_REGION,
  FIPS_REGIONS,
  hasFips,
  isAccount,
  isRegion,
  getPartition,
} from '../../src/refresh/aws-regions.js';

describe('getPartition', () => {
  for (const { region, name, suffix, dualStackSuffix } of [
    { region: 'us-east-1', name: 'aws', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    { region: 'eu-central-2', name: 'aws', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    { region: 'mx-central-1', name: 'aws', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    { region: 'xx-new-9', name: 'aws', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    { region: 'us-gov-east-1', name: 'aws-us-gov', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    { region: 'us-gov-west-1', name: 'aws-us-gov', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' },
    {
      region: 'cn-north-1',
      name: 'aws-cn',
      suffix: 'amazonaws.com.cn',
      dualStackSuffix: 'on.amazonwebservices.com.cn',
    },
    {
      region: 'cn-northwest-1',
      name: 'aws-cn',
      suffix: 'amazonaws.com.cn',
      dualStackSuffix: 'on.amazonwebservices.com.cn',
    },
    { region: 'us-iso-east-1', name: 'aws-iso', suffix: 'c2s.ic.gov', dualStackSuffix: undefined },
    { region: 'us-iso-west-1', name: 'aws-iso', suffix: 'c2s.ic.gov', dualStackSuffix: undefined },
    { region: 'us-isob-east-1', name: 'aws-iso-b', suffix: 'sc2s.sgov.gov', dualStackSuffix: undefined },
    { region: 'eu-isoe-west-1', name: 'aws-iso-e', suffix: 'cloud.adc-e.uk', dualStackSuffix: undefined },
    { region: 'us-isof-south-1', name: 'aws-iso-f', suffix: 'csp.hci.ic.gov', dualStackSuffix: undefined },
    { region: 'eusc-de-east-1', name: 'aws-eusc', suffix: 'amazonaws.eu', dualStackSuffix: undefined },
  ] as const) {
    it(`is ${name} for ${region}, whose hosts end in ${suffix}`, () => {
      const partition = getPartition(region);
      assert.deepEqual(partition, {
        name,
        suffix,
        ...(dualStackSuffix === undefined ? {} : { dualStackSuffix }),
      });
    });
  }
});

describe('describeUnknownRegion', () => {
  // From the partitions of the AWS SDK for JavaScript 3.1169.
  it('is undefined for every region that the AWS SDK knows', () => {
    const known = {
      af: ['south-1'],
      ap: ['east-1', 'east-2', 'northeast-1', 'northeast-2', 'northeast-3', 'south-1', 'south-2'],
      'ap-southeast': ['1', '2', '3', '4', '5', '6', '7'],
      ca: ['central-1', 'west-1'],
      cn: ['north-1', 'northwest-1'],
      eu: [
        'central-1',
        'central-2',
        'north-1',
        'south-1',
        'south-2',
        'west-1',
        'west-2',
        'west-3',
        'isoe-west-1',
      ],
      eusc: ['de-east-1'],
      il: ['central-1'],
      me: ['central-1', 'south-1', 'west-1'],
      mx: ['central-1'],
      sa: ['east-1', 'west-1'],
      us: ['east-1', 'east-2', 'west-1', 'west-2', 'gov-east-1', 'gov-west-1'],
      'us-iso': ['east-1', 'west-1'],
      'us-isob': ['east-1', 'west-1'],
      'us-isof': ['east-1', 'south-1'],
    };
    for (const [area, ends] of Object.entries(known)) {
      for (const end of ends)
        assert.equal(describeUnknownRegion(`${area}-${end}`), undefined, `${area}-${end}`);
    }
  });

  for (const region of [
    'us-east-1',
    'ap-southeast-7',
    'sa-west-1',
    'cn-northwest-1',
    'us-gov-west-1',
    'us-isof-east-1',
    'eusc-de-east-1',
  ]) {
    it(`is undefined for ${region}`, () => assert.equal(describeUnknownRegion(region), undefined));
  }

  for (const { region, meant } of [
    { region: 'us-esat-1', meant: 'us-east-1' },
    { region: 'us-east-11', meant: 'us-east-1' },
    { region: 'useast1', meant: 'us-east-1' },
    { region: 'eu-wes-1', meant: 'eu-west-1' },
    { region: 'cn-nroth-1', meant: 'cn-north-1' },
  ] as const) {
    it(`suggests ${meant} for ${region}`, () => assert.deepEqual(describeUnknownRegion(region), { meant }));
  }

  for (const region of ['xx-new-9', 'virginia', '']) {
    it(`has no suggestion for the unknown region ${JSON.stringify(region)}`, () =>
      assert.deepEqual(describeUnknownRegion(region), {}));
  }
});

describe('hasFips', () => {
  it('is true in the six regions with FIPS endpoints', () => {
    const regions = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'us-gov-east-1', 'us-gov-west-1'];
    assert.deepEqual(FIPS_REGIONS, regions);
    assert.deepEqual(
      regions.map(hasFips),
      regions.map(() => true),
    );
  });

  for (const region of ['eu-west-1', 'ca-central-1', 'us-iso-east-1', 'us-east', 'us-east-11', '']) {
    it(`is false in ${JSON.stringify(region)}`, () => assert.equal(hasFips(region), false));
  }
});

describe('ECR Public', () => {
  it('has the region us-east-1', () => assert.equal(ECR_PUBLIC_REGION, 'us-east-1'));
});

describe('isAccount', () => {
  it('accepts 12 digits', () => assert.ok(isAccount('012345678901')));

  for (const text of [
    '',
    '12345678901',
    '1234567890123',
    '1234-5678-9012',
    '12345678901a',
    ' 123456789012',
    '123456789012\n',
  ]) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.equal(isAccount(text), false));
  }
});

describe('isRegion', () => {
  for (const text of ['us-east-1', 'ap-southeast-5', 'us-gov-west-1', 'eusc-de-east-1', 'xx-new-12']) {
    it(`accepts ${text}`, () => assert.ok(isRegion(text)));
  }

  for (const text of [
    '',
    'us',
    'us-east',
    'us-east-1a',
    'US-EAST-1',
    'us-east-1.evil.com',
    'us-east-1/x',
    'u-east-1',
    'us-1',
    'us--east-1',
    'us-east-1\n',
  ]) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.equal(isRegion(text), false));
  }

  it('accepts 40 characters and rejects 41', () => {
    assert.equal(isRegion(`us-${'e'.repeat(35)}-1`), true);
    assert.equal(isRegion(`us-${'e'.repeat(36)}-1`), false);
  });
});
