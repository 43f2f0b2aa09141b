import assert from 'node:assert/strict';
import { isRegion } from '../../src/refresh/aws-regions.js';
import {
  normalizeHost,
  ecrHost,
  ecrPublicHost,
  parseEcrHost,
  readEcrHost,
  type PrivateRegistry,
} from '../../src/refresh/registry-host.js';

const ACCOUNT = '123456789012';
const FIPS_REGIONS = 'us-east-1, us-east-2, us-west-1, us-west-2, us-gov-east-1, us-gov-west-1';

/** Host without its account, region, FIPS, dual-stack. */
const PRIVATE_HOSTS = [
  ['dkr.ecr.us-east-1.amazonaws.com', 'us-east-1', false, false],
  ['dkr.ecr.ap-southeast-5.amazonaws.com', 'ap-southeast-5', false, false],
  ['dkr.ecr.xx-new-9.amazonaws.com', 'xx-new-9', false, false],
  ['dkr.ecr-fips.us-east-2.amazonaws.com', 'us-east-2', true, false],
  ['dkr-ecr.eu-west-1.on.aws', 'eu-west-1', false, true],
  ['dkr-ecr-fips.us-west-2.on.aws', 'us-west-2', true, true],
  ['dkr.ecr.us-gov-west-1.amazonaws.com', 'us-gov-west-1', false, false],
  ['dkr.ecr-fips.us-gov-east-1.amazonaws.com', 'us-gov-east-1', true, false],
  ['dkr-ecr.us-gov-west-1.on.aws', 'us-gov-west-1', false, true],
  ['dkr-ecr-fips.us-gov-west-1.on.aws', 'us-gov-west-1', true, true],
  ['dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1', false, false],
  ['dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn', 'cn-northwest-1', false, true],
  ['dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1', false, false],
  ['dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1', false, false],
  ['dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1', false, false],
  ['dkr.ecr.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1', false, false],
  ['dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', false, false],
] as const;

function parsePrivate(host: string): PrivateRegistry {
  const registry = parseEcrHost(host);
  assert.ok(registry?.kind === 'private', `${host} is no private registry`);
  return registry;
}

describe('parseEcrHost', () => {
  for (const [end, region, fips, dualStack] of PRIVATE_HOSTS) {
    it(`reads ${end}, and ecrHost makes it again`, () => {
      const host = `${ACCOUNT}.${end}`;
      const registry = parsePrivate(host);
      assert.deepEqual(registry, { kind: 'private', host, account: ACCOUNT, region, fips, dualStack });
      assert.equal(ecrHost(registry), host);
    });
  }

  for (const [host, dualStack] of [
    ['public.ecr.aws', false],
    ['ecr-public.aws.com', true],
  ] as const) {
    it(`reads ${host}, and ecrPublicHost makes it again`, () => {
      assert.deepEqual(parseEcrHost(host), {
        kind: 'public',
        host,
        region: 'us-east-1',
        fips: false,
        dualStack,
      });
      assert.equal(ecrPublicHost(dualStack), host);
    });
  }

  for (const [why, host] of [
    ['an account of letters', 'abcdefghijkl.dkr.ecr.us-east-1.amazonaws.com'],
    ['something before the account', `evil.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['a path that is a host of ECR', `evil.com/${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['no region', `${ACCOUNT}.dkr.ecr..amazonaws.com`],
    ['capital letters', `${ACCOUNT}.dkr.ecr.us-east-1.Amazonaws.com`],
    ['a region in capital letters', `${ACCOUNT}.dkr.ecr.US-EAST-1.amazonaws.com`],
    ['a path', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team`],
    ['a scheme', `https://${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['a user before the host', `AWS@${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['a password after the host', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com@pa55word`],
    ['a line break at its end', `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com\n`],
    ['a line before it', `x\n${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`],
    ['an end of 81 characters', `${ACCOUNT}.dkr.ecr.us-east-1.${'x'.repeat(81)}`],
    ['the API instead of the registry', 'api.ecr.us-east-1.amazonaws.com'],
    ['no dkr', `${ACCOUNT}.ecr.us-east-1.amazonaws.com`],
    ['another word for ecr', `${ACCOUNT}.dkr.ecrx.us-east-1.amazonaws.com`],
    ['another sign between dkr and ecr', `${ACCOUNT}.dkr_ecr.us-east-1.amazonaws.com`],
    ['ECR Public behind another name', 'my.public.ecr.aws'],
    ['ECR Public in capital letters', 'Public.ECR.aws'],
    ['another registry', 'docker.io'],
    ['nothing', ''],
  ] as const) {
    it(`finds nothing of ECR in ${why}`, () => {
      assert.equal(readEcrHost(host), undefined);
      assert.equal(parseEcrHost(host), undefined);
    });
  }
});

describe('readEcrHost', () => {
  const standard = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
  for (const [host, flaw, meant] of [
    [
      '12345678901.dkr.ecr.us-east-1.amazonaws.com',
      'its account has 11 digits, and accounts have twelve',
      undefined,
    ],
    [
      '1234567890123.dkr.ecr.us-east-1.amazonaws.com',
      'its account has 13 digits, and accounts have twelve',
      undefined,
    ],
    [
      `${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com`,
      'region cn-north-1 is of partition aws-cn, whose registries do not end in amazonaws.com',
      `${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`,
    ],
    [
      `${standard}.cn`,
      'region us-east-1 is of partition aws, whose registries do not end in amazonaws.com.cn',
      standard,
    ],
    [
      `${standard}.evil.com`,
      'region us-east-1 is of partition aws, whose registries do not end in amazonaws.com.evil.com',
      standard,
    ],
    [
      `${ACCOUNT}.dkr.ecr.us-east-1.evilamazonaws.com`,
      'region us-east-1 is of partition aws, whose registries do not end in evilamazonaws.com',
      standard,
    ],
    [
      `${ACCOUNT}.dkr.ecr.us-east-1.elb.amazonaws.com`,
      'region us-east-1 is of partition aws, whose registries do not end in elb.amazonaws.com',
      standard,
    ],
    [
      `${ACCOUNT}.dkr.ecr.us-east-1.amazonawsxcom`,
      'region us-east-1 is of partition aws, whose registries do not end in amazonawsxcom',
      standard,
    ],
    [
      `${standard}.`,
      'region us-east-1 is of partition aws, whose registries do not end in amazonaws.com.',
      standard,
    ],
    [
      `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.com`,
      'region eusc-de-east-1 is of partition aws-eusc, whose registries do not end in amazonaws.com',
      `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`,
    ],
    [`${standard}:443`, 'it has a port, and hosts of ECR have none', standard],
    [
      `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws:443`,
      'it has a port, and hosts of ECR have none',
      `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`,
    ],
    [
      `${ACCOUNT}.dkr.ecr.us-east-1.on.aws`,
      'hosts that end in on.aws have dkr-ecr in place of dkr.ecr',
      `${ACCOUNT}.dkr-ecr.us-east-1.on.aws`,
    ],
    [
      `${ACCOUNT}.dkr.ecr-fips.us-east-1.on.aws`,
      'hosts that end in on.aws have dkr-ecr in place of dkr.ecr',
      `${ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws`,
    ],
    [
      `${ACCOUNT}.dkr-ecr.us-east-1.amazonaws.com`,
      'hosts with dkr-ecr end in on.aws',
      `${ACCOUNT}.dkr-ecr.us-east-1.on.aws`,
    ],
    [
      `${ACCOUNT}.dkr-ecr.cn-north-1.amazonaws.com.cn`,
      'hosts with dkr-ecr end in on.amazonwebservices.com.cn',
      `${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`,
    ],
    [
      `${ACCOUNT}.dkr-ecr.cn-north-1.on.aws`,
      'region cn-north-1 is of partition aws-cn, whose registries do not end in on.aws',
      `${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`,
    ],
    [
      `${ACCOUNT}.dkr-ecr.us-iso-east-1.c2s.ic.gov`,
      'partition aws-iso has no hosts with dkr-ecr',
      `${ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov`,
    ],
    [`${ACCOUNT}.dkr.ecr.us-esat-1x.amazonaws.com`, 'what stands in place of its region is none', standard],
    [`${ACCOUNT}.dkr.ecr.useast1.amazonaws.com`, 'what stands in place of its region is none', standard],
    [`${ACCOUNT}.dkr.ecr.us-east-1a.amazonaws.com`, 'what stands in place of its region is none', standard],
    [
      `${ACCOUNT}.dkr-ecr-fips.uswest2.on.aws`,
      'what stands in place of its region is none',
      `${ACCOUNT}.dkr-ecr-fips.us-west-2.on.aws`,
    ],
    [
      `${ACCOUNT}.dkr.ecr-fips.euwest1.amazonaws.com`,
      'what stands in place of its region is none',
      `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`,
    ],
    [`${ACCOUNT}.dkr.ecr.s3.amazonaws.com`, 'what stands in place of its region is none', undefined],
    [`${ACCOUNT}.dkr.ecr.amazonaws.com`, 'what stands in place of its region is none', undefined],
    [
      `${ACCOUNT}.dkr.ecr-fips.eu-west-1.amazonaws.com`,
      `ECR has no FIPS endpoint in eu-west-1, only in ${FIPS_REGIONS}`,
      `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`,
    ],
    [
      `${ACCOUNT}.dkr-ecr-fips.eu-west-1.on.aws`,
      `ECR has no FIPS endpoint in eu-west-1, only in ${FIPS_REGIONS}`,
      `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`,
    ],
    [
      'public.ecr.amazonaws.com',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'public.ecr.aws',
    ],
    [
      'public.ecr.aws.',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'public.ecr.aws',
    ],
    [
      'public.ecr.aws:443',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'public.ecr.aws',
    ],
    [
      'public.ecr.us-east-1.amazonaws.com',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'public.ecr.aws',
    ],
    [
      'ecr-public.amazonaws.com',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'ecr-public.aws.com',
    ],
    [
      'ecr-public.aws',
      'ECR Public has no other hosts than public.ecr.aws and ecr-public.aws.com',
      'ecr-public.aws.com',
    ],
  ] as const) {
    it(`says of ${JSON.stringify(host)} that ${flaw}`, () => {
      assert.deepEqual(readEcrHost(host), { flaw, ...(meant === undefined ? {} : { meant }) });
      assert.equal(parseEcrHost(host), undefined);
      // What is suggested must not be refused in turn.
      if (meant !== undefined) assert.equal(parseEcrHost(meant)?.host, meant);
    });
  }

  it('takes an end of 80 characters for one that is wrong', () => {
    const reading = readEcrHost(`${ACCOUNT}.dkr.ecr.us-east-1.${'x'.repeat(80)}`);
    assert.ok(reading && 'flaw' in reading);
  });

  it('never takes a host with one character changed for a registry that it does not name', () => {
    const alphabet = ['a', '1', 'z', '0', '-', '.', '_', ':', '/', '@', ' ', 'A', '\n'];
    let accepted = 0;
    for (const [end] of PRIVATE_HOSTS) {
      const host = `${ACCOUNT}.${end}`;
      for (let at = 0; at <= host.length; at++) {
        const [before, after] = [host.slice(0, at), host.slice(at)];
        const changed = alphabet.flatMap((sign) => [before + sign + after, before + sign + after.slice(1)]);
        for (const text of [...changed, before + after.slice(1)]) {
          const registry = parseEcrHost(text);
          if (!registry) continue;
          accepted += 1;
          assert.ok(registry.kind === 'private');
          // Read in another way than the grammar does it: by the dots.
          const [account, ...rest] = text.replace(/dkr[-.]ecr/, 'dkr-ecr').split('.');
          const [service, region, ...suffix] = rest;
          assert.equal(registry.account, account);
          assert.match(account ?? '', /^\d{12}$/);
          assert.equal(registry.region, region);
          assert.ok(isRegion(registry.region));
          assert.equal(registry.fips, service === 'dkr-ecr-fips');
          assert.equal(registry.dualStack, text.startsWith(`${account}.dkr-`));
          assert.ok(end.endsWith(`.${suffix.join('.')}`), text);
          assert.equal(ecrHost(registry), text);
        }
      }
    }
    // Another digit of the account, another letter of the region.
    assert.ok(accepted > 100, String(accepted));
  });

  it('never takes a host with one character changed for ECR Public', () => {
    for (const host of ['public.ecr.aws', 'ecr-public.aws.com']) {
      for (let at = 0; at <= host.length; at++) {
        for (const text of [
          `${host.slice(0, at)}x${host.slice(at)}`,
          `${host.slice(0, at)}.${host.slice(at)}`,
          `${host.slice(0, at)}-${host.slice(at + 1)}x`,
        ]) {
          assert.equal(parseEcrHost(text), undefined, text);
        }
      }
    }
  });
});

describe('normalizeHost', () => {
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
      assert.equal(normalizeHost(written), bare));
  }

  it('leaves a user name in place, so that such a host is no known registry', () =>
    assert.equal(normalizeHost('https://AWS:x@registry.example.com'), 'aws:x@registry.example.com'));
});

describe('ecrHost', () => {
  it('makes the usual host where a partition has no dual-stack hosts', () => {
    const host = `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`;
    assert.equal(ecrHost({ account: ACCOUNT, region: 'eusc-de-east-1', fips: false, dualStack: true }), host);
  });
});
