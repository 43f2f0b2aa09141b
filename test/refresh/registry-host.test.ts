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

/** `end`: what follows the account in the host. */
const PRIVATE_HOSTS = [
  { end: 'dkr.ecr.us-east-1.amazonaws.com', region: 'us-east-1', fips: false, dualStack: false },
  { end: 'dkr.ecr.ap-southeast-5.amazonaws.com', region: 'ap-southeast-5', fips: false, dualStack: false },
  { end: 'dkr.ecr.xx-new-9.amazonaws.com', region: 'xx-new-9', fips: false, dualStack: false },
  { end: 'dkr.ecr-fips.us-east-2.amazonaws.com', region: 'us-east-2', fips: true, dualStack: false },
  { end: 'dkr-ecr.eu-west-1.on.aws', region: 'eu-west-1', fips: false, dualStack: true },
  { end: 'dkr-ecr-fips.us-west-2.on.aws', region: 'us-west-2', fips: true, dualStack: true },
  { end: 'dkr.ecr.us-gov-west-1.amazonaws.com', region: 'us-gov-west-1', fips: false, dualStack: false },
  { end: 'dkr.ecr-fips.us-gov-east-1.amazonaws.com', region: 'us-gov-east-1', fips: true, dualStack: false },
  { end: 'dkr-ecr.us-gov-west-1.on.aws', region: 'us-gov-west-1', fips: false, dualStack: true },
  { end: 'dkr-ecr-fips.us-gov-west-1.on.aws', region: 'us-gov-west-1', fips: true, dualStack: true },
  { end: 'dkr.ecr.cn-north-1.amazonaws.com.cn', region: 'cn-north-1', fips: false, dualStack: false },
  {
    end: 'dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn',
    region: 'cn-northwest-1',
    fips: false,
    dualStack: true,
  },
  { end: 'dkr.ecr.us-iso-east-1.c2s.ic.gov', region: 'us-iso-east-1', fips: false, dualStack: false },
  { end: 'dkr.ecr.us-isob-east-1.sc2s.sgov.gov', region: 'us-isob-east-1', fips: false, dualStack: false },
  { end: 'dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', region: 'eu-isoe-west-1', fips: false, dualStack: false },
  { end: 'dkr.ecr.us-isof-south-1.csp.hci.ic.gov', region: 'us-isof-south-1', fips: false, dualStack: false },
  { end: 'dkr.ecr.eusc-de-east-1.amazonaws.eu', region: 'eusc-de-east-1', fips: false, dualStack: false },
] as const;

function parsePrivate(host: string): PrivateRegistry {
  const registry = parseEcrHost(host);
  assert.ok(registry?.kind === 'private', `${host} is not a private registry`);
  return registry;
}

describe('parseEcrHost', () => {
  for (const { end, region, fips, dualStack } of PRIVATE_HOSTS) {
    it(`parses ${end}, and ecrHost returns the same host`, () => {
      const host = `${ACCOUNT}.${end}`;
      const registry = parsePrivate(host);
      assert.deepEqual(registry, { kind: 'private', host, account: ACCOUNT, region, fips, dualStack });
      assert.equal(ecrHost(registry), host);
    });
  }

  for (const { host, dualStack } of [
    { host: 'public.ecr.aws', dualStack: false },
    { host: 'ecr-public.aws.com', dualStack: true },
  ] as const) {
    it(`parses ${host}, and ecrPublicHost returns the same host`, () => {
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

  for (const { title, host } of [
    { title: 'an account of letters', host: 'abcdefghijkl.dkr.ecr.us-east-1.amazonaws.com' },
    { title: 'text before the account', host: `evil.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com` },
    { title: 'an ECR host in the path', host: `evil.com/${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com` },
    { title: 'no region', host: `${ACCOUNT}.dkr.ecr..amazonaws.com` },
    { title: 'upper-case letters', host: `${ACCOUNT}.dkr.ecr.us-east-1.Amazonaws.com` },
    { title: 'an upper-case region', host: `${ACCOUNT}.dkr.ecr.US-EAST-1.amazonaws.com` },
    { title: 'a path', host: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team` },
    { title: 'a scheme', host: `https://${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com` },
    { title: 'a user before the host', host: `AWS@${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com` },
    { title: 'a password after the host', host: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com@pa55word` },
    { title: 'a line break at the end', host: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com\n` },
    { title: 'a line before the host', host: `x\n${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com` },
    { title: 'an end of 81 characters', host: `${ACCOUNT}.dkr.ecr.us-east-1.${'x'.repeat(81)}` },
    { title: 'the API instead of the registry', host: 'api.ecr.us-east-1.amazonaws.com' },
    { title: 'no dkr', host: `${ACCOUNT}.ecr.us-east-1.amazonaws.com` },
    { title: 'another word instead of ecr', host: `${ACCOUNT}.dkr.ecrx.us-east-1.amazonaws.com` },
    { title: 'another character between dkr and ecr', host: `${ACCOUNT}.dkr_ecr.us-east-1.amazonaws.com` },
    { title: 'ECR Public as a subdomain suffix', host: 'my.public.ecr.aws' },
    { title: 'ECR Public in upper case', host: 'Public.ECR.aws' },
    { title: 'another registry', host: 'docker.io' },
    { title: 'an empty host', host: '' },
  ] as const) {
    it(`does not recognize an ECR host: ${title}`, () => {
      assert.equal(readEcrHost(host), undefined);
      assert.equal(parseEcrHost(host), undefined);
    });
  }
});

describe('readEcrHost', () => {
  const standard = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
  for (const { host, flaw, meant } of [
    {
      host: '12345678901.dkr.ecr.us-east-1.amazonaws.com',
      flaw: 'the account must have 12 digits, not 11',
      meant: undefined,
    },
    {
      host: '1234567890123.dkr.ecr.us-east-1.amazonaws.com',
      flaw: 'the account must have 12 digits, not 13',
      meant: undefined,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com`,
      flaw: 'region cn-north-1 is in partition aws-cn, whose registry hosts do not end in amazonaws.com',
      meant: `${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`,
    },
    {
      host: `${standard}.cn`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in amazonaws.com.cn',
      meant: standard,
    },
    {
      host: `${standard}.evil.com`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in amazonaws.com.evil.com',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-east-1.evilamazonaws.com`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in evilamazonaws.com',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-east-1.elb.amazonaws.com`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in elb.amazonaws.com',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-east-1.amazonawsxcom`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in amazonawsxcom',
      meant: standard,
    },
    {
      host: `${standard}.`,
      flaw: 'region us-east-1 is in partition aws, whose registry hosts do not end in amazonaws.com.',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.com`,
      flaw: 'region eusc-de-east-1 is in partition aws-eusc, whose registry hosts do not end in amazonaws.com',
      meant: `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`,
    },
    { host: `${standard}:443`, flaw: 'ECR hosts have no port', meant: standard },
    {
      host: `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws:443`,
      flaw: 'ECR hosts have no port',
      meant: `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-east-1.on.aws`,
      flaw: 'hosts that end in on.aws have dkr-ecr instead of dkr.ecr',
      meant: `${ACCOUNT}.dkr-ecr.us-east-1.on.aws`,
    },
    {
      host: `${ACCOUNT}.dkr.ecr-fips.us-east-1.on.aws`,
      flaw: 'hosts that end in on.aws have dkr-ecr instead of dkr.ecr',
      meant: `${ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws`,
    },
    {
      host: `${ACCOUNT}.dkr-ecr.us-east-1.amazonaws.com`,
      flaw: 'hosts with dkr-ecr end in on.aws',
      meant: `${ACCOUNT}.dkr-ecr.us-east-1.on.aws`,
    },
    {
      host: `${ACCOUNT}.dkr-ecr.cn-north-1.amazonaws.com.cn`,
      flaw: 'hosts with dkr-ecr end in on.amazonwebservices.com.cn',
      meant: `${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`,
    },
    {
      host: `${ACCOUNT}.dkr-ecr.cn-north-1.on.aws`,
      flaw: 'region cn-north-1 is in partition aws-cn, whose registry hosts do not end in on.aws',
      meant: `${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`,
    },
    {
      host: `${ACCOUNT}.dkr-ecr.us-iso-east-1.c2s.ic.gov`,
      flaw: 'partition aws-iso has no hosts with dkr-ecr',
      meant: `${ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov`,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-esat-1x.amazonaws.com`,
      flaw: 'invalid region',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.useast1.amazonaws.com`,
      flaw: 'invalid region',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.us-east-1a.amazonaws.com`,
      flaw: 'invalid region',
      meant: standard,
    },
    {
      host: `${ACCOUNT}.dkr-ecr-fips.uswest2.on.aws`,
      flaw: 'invalid region',
      meant: `${ACCOUNT}.dkr-ecr-fips.us-west-2.on.aws`,
    },
    {
      host: `${ACCOUNT}.dkr.ecr-fips.euwest1.amazonaws.com`,
      flaw: 'invalid region',
      meant: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.s3.amazonaws.com`,
      flaw: 'invalid region',
      meant: undefined,
    },
    {
      host: `${ACCOUNT}.dkr.ecr.amazonaws.com`,
      flaw: 'invalid region',
      meant: undefined,
    },
    {
      host: `${ACCOUNT}.dkr.ecr-fips.eu-west-1.amazonaws.com`,
      flaw: `ECR has no FIPS endpoint in eu-west-1, only in ${FIPS_REGIONS}`,
      meant: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`,
    },
    {
      host: `${ACCOUNT}.dkr-ecr-fips.eu-west-1.on.aws`,
      flaw: `ECR has no FIPS endpoint in eu-west-1, only in ${FIPS_REGIONS}`,
      meant: `${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`,
    },
    {
      host: 'public.ecr.amazonaws.com',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'public.ecr.aws',
    },
    {
      host: 'public.ecr.aws.',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'public.ecr.aws',
    },
    {
      host: 'public.ecr.aws:443',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'public.ecr.aws',
    },
    {
      host: 'public.ecr.us-east-1.amazonaws.com',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'public.ecr.aws',
    },
    {
      host: 'ecr-public.amazonaws.com',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'ecr-public.aws.com',
    },
    {
      host: 'ecr-public.aws',
      flaw: 'the only hosts of ECR Public are public.ecr.aws and ecr-public.aws.com',
      meant: 'ecr-public.aws.com',
    },
  ] as const) {
    it(`reports ${JSON.stringify(host)}: ${flaw}`, () => {
      assert.deepEqual(readEcrHost(host), { flaw, ...(meant === undefined ? {} : { meant }) });
      assert.equal(parseEcrHost(host), undefined);
      // The suggestion itself must be valid.
      if (meant !== undefined) assert.equal(parseEcrHost(meant)?.host, meant);
    });
  }

  it('reports an invalid end of 80 characters', () => {
    const reading = readEcrHost(`${ACCOUNT}.dkr.ecr.us-east-1.${'x'.repeat(80)}`);
    assert.ok(reading && 'flaw' in reading);
  });

  it('never parses a host with one changed character as another registry', () => {
    const alphabet = ['a', '1', 'z', '0', '-', '.', '_', ':', '/', '@', ' ', 'A', '\n'];
    let accepted = 0;
    for (const { end } of PRIVATE_HOSTS) {
      const host = `${ACCOUNT}.${end}`;
      for (let at = 0; at <= host.length; at++) {
        const [before, after] = [host.slice(0, at), host.slice(at)];
        const changed = alphabet.flatMap((character) => [
          before + character + after,
          before + character + after.slice(1),
        ]);
        for (const text of [...changed, before + after.slice(1)]) {
          const registry = parseEcrHost(text);
          if (!registry) continue;
          accepted += 1;
          assert.ok(registry.kind === 'private');
          // An independent parser: it splits the host at its dots.
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
    // Another digit in the account or another letter in the region is also a valid host.
    assert.ok(accepted > 100, String(accepted));
  });

  it('never parses a host with one changed character as ECR Public', () => {
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
  it('reads a host with many slashes in a short time', () => {
    const written = `${'/'.repeat(500_000)}\0`;
    assert.equal(normalizeHost(written), written);
  });

  for (const { written, bare } of [
    { written: 'registry.example.com', bare: 'registry.example.com' },
    { written: 'https://registry.example.com', bare: 'registry.example.com' },
    { written: 'http://registry.example.com/', bare: 'registry.example.com' },
    { written: 'https://Registry.Example.com', bare: 'registry.example.com' },
    { written: 'registry.example.com/v2/  ', bare: 'registry.example.com' },
    { written: 'registry.example.com/%74eam', bare: 'registry.example.com' },
    { written: 'https://registry.example.com:5000/team/app', bare: 'registry.example.com:5000' },
    { written: 'https://', bare: '' },
    { written: '', bare: '' },
  ] as const) {
    it(`normalizes ${JSON.stringify(written)} to ${JSON.stringify(bare)}`, () =>
      assert.equal(normalizeHost(written), bare));
  }

  for (const written of [
    'HTTPS://registry.example.com',
    ' registry.example.com',
    'registry.example.com ',
    'registry.example.com\n',
    'registry.example.com/a\tb',
    'registry.example.com/100%',
    'registry.example.com?a=b',
    '//registry.example.com',
  ]) {
    it(`does not turn ${JSON.stringify(written)}, which Docker cannot read, into a registry`, () =>
      assert.notEqual(normalizeHost(written), 'registry.example.com'));
  }

  it('keeps a user name, so that such a host is not a known registry', () =>
    assert.equal(normalizeHost('https://AWS:x@registry.example.com'), 'aws:x@registry.example.com'));
});

describe('ecrHost', () => {
  it('returns the standard host in a partition without dual-stack hosts', () => {
    const host = `${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`;
    assert.equal(ecrHost({ account: ACCOUNT, region: 'eusc-de-east-1', fips: false, dualStack: true }), host);
  });
});
