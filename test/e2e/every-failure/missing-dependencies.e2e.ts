// What commands report when a dependency is missing, or when something else responds instead of it: location, remedy
// and exit code. They print no stack trace and change nothing in Airflow.
import assert from 'node:assert/strict';
import type { CommandResult } from '../run-command-line.js';
import { CONNECTION, seedConnections, startFixture, type Fixture } from './fixture.js';

/** Nothing listens on port 1. */
const NOWHERE = '127.0.0.1:1';

describe('missing dependencies', function () {
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
    assert.doesNotMatch(result.stdout + result.stderr, /^\s+at /m, 'a stack trace was printed');
    return result;
  }

  it('Temporal: every command that needs it reports the address, and exits with 1', async () => {
    const schedule = ['apply', 'describe', 'trigger', 'pause', 'unpause', 'delete'];
    const commands = [['status'], ...schedule.map((action) => ['schedule', action])];
    // The commands run in parallel, because each waits ten seconds for the server to start.
    const results = await Promise.all(commands.map((args) => command(args, { TEMPORAL_ADDRESS: NOWHERE })));
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 1, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /Temporal at 127\.0\.0\.1:1, namespace default: connection refused/);
      assert.match(stderr, /Start the Temporal server, or set/);
    }
  });

  it('Temporal: `refresh-once` does not need it', async () => {
    const { code, stdout } = await command(['refresh-once'], { TEMPORAL_ADDRESS: NOWHERE });
    assert.equal(code, 0, stdout);
    assert.equal(fixture.aws.check(fixture.airflow.connections.get(CONNECTION)?.password ?? ''), 'valid');
  });

  it('several at once: `doctor` reports each with its fix, and exits with 1', async () => {
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
      /FAILED {3}Temporal: Temporal at 127\.0\.0\.1:1, .*: connection refused\n +Fix: Start the Temporal server/,
    );
    assert.match(stdout, /FAILED {3}token default\/us-east-1: .*\n +Fix: Check the network/);
  });

  it('Airflow: `doctor` and `refresh-once` report the failure, and exit with 1', async () => {
    const config = fixture.writeConfig({ taskQueue: 'absent', line: `url: http://${NOWHERE}` });
    const doctor = await command(['doctor', '--config', config]);
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.stdout,
      /FAILED {3}Airflow main: .*connection refused \(127\.0\.0\.1:1\)\n +Fix: Check that the API/,
    );
    const once = await command(['refresh-once', '--retry-for', '1s', '--config', config]);
    assert.equal(once.code, 1);
    assert.match(
      once.stdout,
      /FAILED inspect main: StoreUnreachable \(2 connections: docker_default, docker_neighbor\)\n +Airflow main: .*connection refused/,
    );
  });

  it('a Docker Engine: both report it and exit with 1, and the connections are refreshed anyway', async () => {
    const line = 'docker: {engines: ["unix:///nonexistent/docker.sock"]}';
    const config = fixture.writeConfig({ taskQueue: 'absent', line });
    const doctor = await command(['doctor', '--config', config]);
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.stdout,
      /FAILED {3}Docker Engine unix:\/\/\/nonexistent.*socket not found.*\n +Fix: Start/,
    );
    const once = await fixture.command(['refresh-once', '--retry-for', '1s', '--config', config]);
    assert.equal(once.code, 1);
    assert.match(
      once.stdout,
      /FAILED test .*: DockerEngineUnreachable\n +unix:\/\/\/nonexistent.*: socket not found/,
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
      title: 'a login page with status 200',
      fault: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>Log in</html>' },
    },
  ] as const) {
    it(`a registry, with ${title} instead: prints a warning, and refreshes the connections`, async () => {
      fixture.registry.setFault(() => fault);
      const { code, stdout } = await command(['refresh-once']);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /Warning: The token could not be verified with registry 127\.0\.0\.1:\d+/);
      assert.equal(fixture.aws.check(fixture.airflow.connections.get(CONNECTION)?.password ?? ''), 'valid');
    });
  }
});
