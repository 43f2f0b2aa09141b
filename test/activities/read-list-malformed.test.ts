import assert from 'node:assert/strict';
import { readList, type ReadRange } from '../../src/activities/read-list.js';
import { ConnectionRules } from '../../src/refresh/connection-rules.js';
import { attemptOf, dockerConnection, FakeAirflow, fakeStore } from '../fakes/fake-ports.js';

const PART = { offset: 100, limit: 100 };
const POSITIONS = Array.from({ length: 250 }, (_, position) => position);

function id(position: number): string {
  return `id_${String(position).padStart(3, '0')}`;
}

describe('readList', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow(POSITIONS.map((position) => dockerConnection({ id: id(position) })));
  });

  function read(): Promise<ReadRange> {
    const rules = new ConnectionRules([{ kind: 'match', pattern: 'id_*' }]);
    const store = fakeStore({ connections: airflow, rules });
    return readList(store, PART, attemptOf(), 0);
  }

  describe('with a row that is not a valid connection', () => {
    it('reports it with its id, counts it, and returns the others', async () => {
      airflow.malformed.add(id(142));
      const found = await read();
      assert.deepEqual(
        found.connections.map((connection) => connection.id),
        POSITIONS.filter((position) => position >= 100 && position < 200 && position !== 142).map(id),
      );
      assert.deepEqual([found.part.rows, airflow.calls.length], [100, 1]);
      const [problem] = found.problems;
      assert.deepEqual(
        [problem?.connection, problem?.type, problem?.scope, problem?.message],
        [
          id(142),
          'ConnectionUnavailable',
          'connection',
          `Airflow main: ${id(142)} is not a valid connection.`,
        ],
      );
    });

    it('names it by its position and the adjacent ids when it has no valid id', async () => {
      const { readPage } = airflow;
      airflow.malformed.add(id(142));
      airflow.readPage = async (range) => {
        const page = await readPage.call(airflow, range);
        return { ...page, malformed: page.malformed.map(({ position }) => ({ position })) };
      };
      const { problems } = await read();
      assert.deepEqual(
        problems.map(({ connection, scope }) => [connection, scope]),
        [[`row 143 of the list (after ${id(141)}, before ${id(143)})`, 'store']],
      );
    });

    it('returns the id of the first row that could be read', async () => {
      airflow.malformed.add(id(100));
      assert.equal((await read()).part.first, id(101));
    });
  });
});
