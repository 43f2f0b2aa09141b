// Airflow, or a cache in front of it, returns another connection than the one that was requested.
import assert from 'node:assert/strict';
import { Secret } from '../../../src/log/secret.js';
import { ApiVersion } from '../../../src/stores/airflow/api-version.js';
import { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import type { AirflowApi, MajorVersion } from '../../../src/stores/airflow/transport.js';
import { anySignal, expectFailure } from '../../support/local-server.js';

const TOKEN = 'ecr-password-that-must-not-show';

interface Case {
  readonly title: string;
  readonly major: MajorVersion;
  readonly via?: 'MWAA';
}

const CASES: readonly Case[] = [
  { title: 'REST v1', major: 2 },
  { title: 'REST v2', major: 3 },
  { title: 'MWAA', major: 3, via: 'MWAA' },
];

function createStore({ major, via }: Case, id: string): AirflowStore {
  const api: AirflowApi = {
    major,
    bulk: { connections: 50, bytes: 100_000 },
    send: (request) =>
      Promise.resolve({
        request: { ...request, ...(via && { via }) },
        status: 200,
        json: { connection_id: id, conn_type: 'docker', host: 'h', login: 'AWS', password: TOKEN },
      }),
  };
  return new AirflowStore('main', new ApiVersion('main', major, { 2: api, 3: api }), undefined);
}

describe('a response with another connection', () => {
  for (const row of CASES) {
    it(`is a failure of Airflow, which is named, over ${row.title}`, async () => {
      const store = createStore(row, 'b');
      const failure = await expectFailure(store.read('a', anySignal()), 'StoreUnavailable', [TOKEN]);
      assert.equal(
        failure.message,
        'Airflow main: GET connection a: Airflow returned connection b instead of a',
      );
      assert.match(
        failure.remedy,
        row.via ? /^Check the state of the MWAA/ : /^Check what is in front of Airflow/,
      );
      const created = store.create({ id: 'a', host: 'h', description: '' }, new Secret(TOKEN), anySignal());
      const { message } = await expectFailure(created, 'StoreUnavailable', [TOKEN]);
      assert.match(message, /: Airflow returned connection b instead of a$/);
    });

    it(`does not show an id that is not valid, over ${row.title}`, async () => {
      const failure = expectFailure(
        createStore(row, `${TOKEN}\u001b[2J`).read('a', anySignal()),
        'StoreUnavailable',
        [TOKEN],
      );
      assert.match((await failure).message, /: Airflow returned another connection instead of a$/);
    });
  }
});
