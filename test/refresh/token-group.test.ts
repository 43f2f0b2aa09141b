import assert from 'node:assert/strict';
import { DEFAULT_PRINCIPAL, tokenGroup, type EcrApi, type Principal } from '../../src/refresh/token-group.js';

const ROLE_ARN = 'arn:aws:iam::123456789012:role/ecr-pull';
const PROFILE: Principal = { kind: 'profile', name: 'profile:production', profile: 'production' };
const ROLE: Principal = {
  kind: 'role',
  name: `${ROLE_ARN}#0a1b2c`,
  roleArn: ROLE_ARN,
  via: [],
  sessionName: 'airflow-ecr-refresh',
};
const WEB_IDENTITY: Principal = {
  kind: 'web-identity',
  name: `${ROLE_ARN}#c2b1a0`,
  roleArn: ROLE_ARN,
  tokenFile: '/run/token',
  sessionName: 'airflow-ecr-refresh',
};

describe('tokenGroup', () => {
  const usual: EcrApi = { service: 'ecr', fips: false, dualStack: false };
  const endpoint = 'https://vpce-0.api.ecr.us-east-1.vpce.amazonaws.com';

  for (const { principal, changes, name } of [
    { principal: DEFAULT_PRINCIPAL, changes: {}, name: 'default/us-east-1' },
    { principal: PROFILE, changes: {}, name: 'profile:production/us-east-1' },
    { principal: ROLE, changes: {}, name: `${ROLE_ARN}#0a1b2c/us-east-1` },
    { principal: WEB_IDENTITY, changes: {}, name: `${ROLE_ARN}#c2b1a0/us-east-1` },
    { principal: DEFAULT_PRINCIPAL, changes: { service: 'ecr-public' }, name: 'default/us-east-1/public' },
    { principal: DEFAULT_PRINCIPAL, changes: { fips: true }, name: 'default/us-east-1/fips' },
    { principal: DEFAULT_PRINCIPAL, changes: { dualStack: true }, name: 'default/us-east-1/dual-stack' },
    {
      principal: DEFAULT_PRINCIPAL,
      changes: { fips: true, dualStack: true },
      name: 'default/us-east-1/fips/dual-stack',
    },
    {
      principal: DEFAULT_PRINCIPAL,
      changes: { service: 'ecr-public', dualStack: true },
      name: 'default/us-east-1/public/dual-stack',
    },
    { principal: DEFAULT_PRINCIPAL, changes: { endpoint }, name: `default/us-east-1/${endpoint}` },
    { principal: ROLE, changes: { fips: true }, name: `${ROLE_ARN}#0a1b2c/us-east-1/fips` },
  ] as const) {
    it(`is ${name} for ${principal.kind} and ${JSON.stringify(changes)}`, () => {
      const api = { ...usual, ...changes };
      assert.deepEqual(tokenGroup(principal, 'us-east-1', api), {
        name,
        principal,
        region: 'us-east-1',
        api,
      });
    });
  }

  it('has the default principal for the default chain of the AWS SDK', () =>
    assert.deepEqual(DEFAULT_PRINCIPAL, { kind: 'default', name: 'default' }));

  it('has a different name in another region', () =>
    assert.equal(tokenGroup(DEFAULT_PRINCIPAL, 'eu-west-1', usual).name, 'default/eu-west-1'));
});
