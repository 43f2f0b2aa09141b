// What the commands say when a part is not there, or something else stands in its place: place, remedy, exit code, no
// stack, and nothing changed in Airflow.
import assert from 'node:assert/strict';
import type { CommandResult } from '../run-command-line.js';
import { CONNECTION, seedConnections, startFixture, type Fixture } from './fixture.js';

/** Nothing listens on port 1. */
const NOWHERE = '127.0.0.1:1';

describe('parts that are not there', function () {
  this.timeout(120_000);
  let fixture: Fixture;

  before(async () => (fixture = await startFixture()));
  after(() => fixture?.stop());
  beforeEach(() => seedConnections(fixture));
  afterEach(() => fixture.registry.setFault(undefined));

  async function command(args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const before = structuredClone(fixture.airflow.connections);
    const result = await fixture.command(args, changes);
    if (result.code !== 0) assert.deepEqual(fixture.airflow.connections, before, 'Airflow was changed');
    assert.doesNotMatch(result.stdout + result.stderr, /^\s+at /m, 'a stack was printed');
    return result;
  }

  it('Temporal: every command that needs it says where it looked, and exits with 1', async () => {
    const schedule = ['apply', 'describe', 'trigger', 'pause', 'unpause', 'delete'];
    const commands = [['worker'], ['status'], ...schedule.map((action) => ['schedule', action])];
    // Side by side, for each waits ten seconds whether the server comes up.
    const results = await Promise.all(commands.map((args) => command(args, { TEMPORAL_ADDRESS: NOWHERE })));
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 1, stderr);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /Temporal at 127\.0\.0\.1:1, namespace default: no answer\. Start the server, or set/,
      );
    }
  });

  it('a namespace of Temporal: the worker says that there is none, and exits with 1', async () => {
    const { code, stderr } = await command(['worker'], { TEMPORAL_NAMESPACE: 'elsewhere' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /namespace elsewhere: there is no such namespace\. Create it, or set TEMPORAL_NAMESPACE/,
    );
  });

  it('Temporal: `refresh-once` does without it', async () => {
    const { code, stdout } = await command(['refresh-once'], { TEMPORAL_ADDRESS: NOWHERE });
    assert.equal(code, 0, stdout);
    assert.equal(fixture.aws.check(fixture.airflow.connections.get(CONNECTION)?.password ?? ''), 'valid');
  });

  it('every part at once: `doctor` names each, with what to do, and exits with 1', async () => {
    const absent = {
      TEMPORAL_ADDRESS: NOWHERE,
      AWS_ENDPOINT_URL_ECR: `http://${NOWHERE}`,
      AWS_ENDPOINT_URL_STS: `http://${NOWHERE}`,
    };
    fixture.engine.setFault((_, response) => response.destroy());
    const { code, stdout, stderr } = await command(['doctor'], absent);
    fixture.engine.setFault(undefined);
    assert.equal(code, 1);
    assert.equal(stderr, '');
    assert.match(
      stdout,
      /FAILED {3}Temporal: Temporal at 127\.0\.0\.1:1, .*: no answer\n +What to do: Start the server/,
    );
    assert.match(stdout, /FAILED {3}token default\/us-east-1: .*\n +What to do: Check network/);
  });

  it('Airflow: `doctor` and `refresh-once` say where they looked, and exit with 1', async () => {
    const config = fixture.writeConfig({ taskQueue: 'absent', line: `url: http://${NOWHERE}` });
    const doctor = await command(['doctor', '--config', config]);
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.stdout,
      /FAILED {3}Airflow main: .*connection refused\n +What to do: Check that the API/,
    );
    const once = await command(['refresh-once', '--retry-for', '1s', '--config', config]);
    assert.equal(once.code, 1);
    assert.match(
      once.stdout,
      /FAILED inspect main: StoreUnreachable \(2: docker_default, docker_neighbour\)\n +Airflow main: .*connection refused/,
    );
  });

  it('a Docker Engine: they say so, exit with 1, and the connections are refreshed all the same', async () => {
    const line = 'docker: {engines: ["unix:///nonexistent/docker.sock"]}';
    const config = fixture.writeConfig({ taskQueue: 'absent', line });
    const doctor = await command(['doctor', '--config', config]);
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.stdout,
      /FAILED {3}Docker Engine unix:\/\/\/nonexistent.*no socket.*\n +What to do: Start/,
    );
    const once = await fixture.command(['refresh-once', '--retry-for', '1s', '--config', config]);
    assert.equal(once.code, 1);
    assert.match(
      once.stdout,
      /FAILED test .*: DockerEngineUnreachable\n +unix:\/\/\/nonexistent.*: no socket there/,
    );
    assert.equal(fixture.aws.check(fixture.airflow.connections.get(CONNECTION)?.password ?? ''), 'valid');
  });

  for (const { title, fault } of [
    {
      title: 'a proxy’s 403 page',
      fault: { status: 403, headers: { 'Content-Type': 'text/html' }, body: '<html>Forbidden</html>' },
    },
    { title: 'a proxy’s 403 in plain text', fault: { status: 403, body: 'blocked by policy' } },
    {
      title: 'a sign-in page with 200',
      fault: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>Sign in</html>' },
    },
  ] as const) {
    it(`a registry, but ${title}: a warning, and the connections are refreshed`, async () => {
      fixture.registry.setFault(() => fault);
      const { code, stdout } = await command(['refresh-once']);
      assert.equal(code, 0, stdout);
      assert.match(
        stdout,
        /Warning: Registry 127\.0\.0\.1:\d+ could not be asked whether it accepts the token/,
      );
      assert.equal(fixture.aws.check(fixture.airflow.connections.get(CONNECTION)?.password ?? ''), 'valid');
    });
  }
});
