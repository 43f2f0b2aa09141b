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

  for (const [principal, changes, name] of [
    [DEFAULT_PRINCIPAL, {}, 'default/us-east-1'],
    [PROFILE, {}, 'profile:production/us-east-1'],
    [ROLE, {}, `${ROLE_ARN}#0a1b2c/us-east-1`],
    [WEB_IDENTITY, {}, `${ROLE_ARN}#c2b1a0/us-east-1`],
    [DEFAULT_PRINCIPAL, { service: 'ecr-public' }, 'default/us-east-1/public'],
    [DEFAULT_PRINCIPAL, { fips: true }, 'default/us-east-1/fips'],
    [DEFAULT_PRINCIPAL, { dualStack: true }, 'default/us-east-1/dual-stack'],
    [DEFAULT_PRINCIPAL, { fips: true, dualStack: true }, 'default/us-east-1/fips/dual-stack'],
    [DEFAULT_PRINCIPAL, { service: 'ecr-public', dualStack: true }, 'default/us-east-1/public/dual-stack'],
    [DEFAULT_PRINCIPAL, { endpoint }, `default/us-east-1/${endpoint}`],
    [ROLE, { fips: true }, `${ROLE_ARN}#0a1b2c/us-east-1/fips`],
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

  it('is of the default principal for what the AWS SDK finds', () =>
    assert.deepEqual(DEFAULT_PRINCIPAL, { kind: 'default', name: 'default' }));

  it('has another name in another region', () =>
    assert.equal(tokenGroup(DEFAULT_PRINCIPAL, 'eu-west-1', usual).name, 'default/eu-west-1'));
});
