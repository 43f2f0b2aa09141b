import assert from 'node:assert/strict';
import { Secret } from '../../../src/log/secret.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../../support/local-server.js';
import { connect, createdWith, NEW, PASSWORD } from './connect.js';

const TOKEN = 'ecr-password-that-must-not-show';
const SECRETS = [PASSWORD, TOKEN];

describe('Variables and new connections of Airflow 3', () => {
  let airflow: AirflowStandIn;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    airflow = await startAirflowStandIn({ users: [{ username: 'op', password: PASSWORD, role: 'op' }] });
  });
  afterEach(async () => {
    restore();
    await airflow.stop();
  });

  it('reads a Variable, and returns undefined when it does not exist', async () => {
    airflow.variables.set('ecr_aws_account', '123456789012');
    const api = connect(airflow.url);
    assert.equal(await api.readVariable('ecr_aws_account', anySignal()), '123456789012');
    assert.equal(await api.readVariable('nope', anySignal()), undefined);
  });

  it('creates a complete connection, and does not change an existing one', async () => {
    const api = connect(airflow.url);
    const create = (): Promise<string> => api.create(NEW, new Secret(TOKEN), anySignal());
    assert.deepEqual((await Promise.all([create(), create()])).sort(), ['created', 'exists']);
    assert.deepEqual(airflow.connections.get('new'), createdWith(TOKEN));
  });

  it('never creates a connection with an empty password', async () => {
    const creating = connect(airflow.url).create(NEW, new Secret(''), anySignal());
    await expectFailure(creating, 'EcrResponseInvalid', SECRETS);
    assert.equal(airflow.connections.has('new'), false);
  });

  it('does not show the password that Airflow echoes when it rejects a creation', async () => {
    const creating = connect(airflow.url).create({ ...NEW, id: 'bad id!' }, new Secret(TOKEN), anySignal());
    await expectFailure(creating, 'StoreRequestRejected', SECRETS);
  });
});
