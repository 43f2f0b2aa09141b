// Temporal behind an HTTP CONNECT proxy. Its names exist only in the proxy, so a connection that does not use the proxy
// fails.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../sandbox/ports.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { createCertificateAuthority } from '../support/certificate-authority.js';
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.js';
import { startTemporalFront, type TemporalFront } from '../support/temporal-front.js';
import type { CommandResult } from './run-command-line.js';
import { readCommonFault } from './temporal-fault.js';
import { isStarted, startTemporalFixture, type TemporalFixture } from './temporal-fixture.js';
import { waitFor } from './wait-for.js';

const TARGET = 'temporal.corp.invalid:7233';
const TLS_HOST = 'tls.corp.invalid';
const TLS_TARGET = `${TLS_HOST}:7233`;
const LOGIN = { username: 'us er', password: 'pass/word%1' };
const PLACE = `Temporal at ${TARGET}, namespace default`;
/** Without a name server the lookup fails otherwise. */
const UNRESOLVED = /^(unknown-host|dns-failure)$/;

const UNREACHABLE = 'the proxy could not be reached';

const DEAD_PROXY = 'http://127.0.0.1:9';
/** grpc-js would read the first three itself. */
const VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'all_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];

describe('built commands and workers with a proxy', function () {
  this.timeout(120_000);
  let fixture: TemporalFixture;
  let temporal: TemporalServer;
  let front: TemporalFront;
  let tlsFront: TemporalFront;
  let caFile: string;

  before(async () => {
    fixture = await startTemporalFixture();
    const stateFolder = join(fixture.folder, 'temporal');
    temporal = fixture.stops.add(await startTemporal({ stateFolder, namespace: 'applied' }));
    const ca = await createCertificateAuthority(join(fixture.folder, 'ca'));
    const tls = await ca.issueServer([TLS_HOST]);
    caFile = ca.caFile;
    front = fixture.stops.add(await startTemporalFront({ upstream: temporal.address }));
    tlsFront = fixture.stops.add(await startTemporalFront({ upstream: temporal.address, tls }));
  });

  after(() => fixture.stop());

  async function startProxy(login?: typeof LOGIN): Promise<ConnectProxy> {
    const targets = { [TARGET]: front.address, [TLS_TARGET]: tlsFront.address };
    return fixture.stops.add(await startConnectProxy({ targets, ...(login && { login }) }));
  }

  /** Runs `status` and a worker, each with a proxy of its own that demands a login, and asserts that both work. */
  async function assertBothWork(
    name: string,
    behind: TemporalFront,
    toEnv: (proxy: ConnectProxy) => NodeJS.ProcessEnv & { readonly TEMPORAL_ADDRESS: string },
  ): Promise<void> {
    const [ofStatus, ofWorker] = [await startProxy(LOGIN), await startProxy(LOGIN)];
    const env = toEnv(ofWorker);
    const before = behind.calls.length;
    const [status, worker] = await Promise.all([
      fixture.command(['status', '--json'], toEnv(ofStatus)),
      fixture.startWorker(name, env, isStarted),
    ]);
    assertResponse(status);
    const newCalls = () => behind.calls.slice(before);
    await waitFor('a poll', () => newCalls().some(({ method }) => method === 'PollActivityTaskQueue'));
    await worker.stop();
    assert.equal(await worker.exited, 'exited with code 0');
    for (const { requests } of [ofStatus, ofWorker]) {
      assert.ok(requests.length > 0);
      const request = { target: env.TEMPORAL_ADDRESS, hasRightLogin: true };
      assert.deepEqual(
        new Set(requests.map((made) => JSON.stringify(made))),
        new Set([JSON.stringify(request)]),
      );
    }
    const authorities = new Set(newCalls().map(({ headers }) => headers[':authority']));
    assert.deepEqual(authorities, new Set([env.TEMPORAL_ADDRESS]));
    assertNoPassword(status.stdout, readFileSync(worker.logFile, 'utf8'));
  }

  it('reach a server on loopback directly, whatever proxy variables are set', async () => {
    const port = temporal.address.split(':')[1] ?? '';
    const env: NodeJS.ProcessEnv = { TEMPORAL_ADDRESS: `localhost:${port}` };
    for (const variable of VARIABLES) env[variable] = DEAD_PROXY;
    const applied = { ...env, TEMPORAL_NAMESPACE: temporal.namespace };
    const [worker, status, apply, doctor] = await Promise.all([
      fixture.startWorker('loopback', env, isStarted),
      fixture.command(['status', '--json'], env),
      fixture.command(['schedule', 'apply'], applied),
      fixture.command(['doctor', '--json'], applied),
    ]);
    assertResponse(status);
    assert.deepEqual([apply.code, apply.stderr, doctor.stderr], [0, '', '']);
    const { checks } = JSON.parse(doctor.stdout) as { checks: readonly { id: string; outcome: string }[] };
    assert.equal(checks.find(({ id }) => id === 'temporal')?.outcome, 'ok');
    await worker.stop();
    const lines = readFileSync(worker.logFile, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('{')),
      [],
    );
  });

  for (const variable of ['https_proxy', 'HTTPS_PROXY']) {
    it(`reach Temporal through the proxy in ${variable}, with a login`, () =>
      assertBothWork(variable, front, ({ url }) => ({ TEMPORAL_ADDRESS: TARGET, [variable]: url })));
  }

  it('reach Temporal over TLS through a proxy', () =>
    assertBothWork('tls', tlsFront, ({ url }) => ({
      TEMPORAL_ADDRESS: TLS_TARGET,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: caFile,
      https_proxy: url,
    })));

  it('name the proxy in a fault of the server behind it', async () => {
    const proxy = await startProxy();
    const env = { TEMPORAL_ADDRESS: TLS_TARGET, TEMPORAL_TLS: 'true', https_proxy: proxy.url };
    const { code, reason } = await readCommonFault(fixture, 'tls-fault', env);
    const place = `Temporal at ${TLS_TARGET}, namespace default, through the proxy ${proxy.url}`;
    assert.deepEqual([code, reason.slice(0, place.length)], ['tls-unknown-authority', place]);
  });

  it('do not use the proxy for hosts in NO_PROXY', async () => {
    const proxy = await startProxy();
    const env = { TEMPORAL_ADDRESS: TARGET, HTTPS_PROXY: proxy.url, NO_PROXY: 'other.test,.corp.invalid' };
    const { code, reason } = await readCommonFault(fixture, 'no-proxy', env);
    assert.match(code, UNRESOLVED);
    assert.ok(reason.startsWith(`${PLACE}: `), reason);
    assert.deepEqual(proxy.requests, []);
  });

  it('do not use the proxy in other variables', async () => {
    const proxy = await startProxy();
    const env: NodeJS.ProcessEnv = { TEMPORAL_ADDRESS: TARGET };
    const others = VARIABLES.filter((variable) => variable.toLowerCase() !== 'https_proxy');
    for (const variable of [...others, 'HTTP_PROXY']) env[variable] = proxy.url;
    const { code, reason } = await readCommonFault(fixture, 'other-variables', env);
    assert.match(code, UNRESOLVED);
    assert.ok(reason.startsWith(`${PLACE}: `), reason);
    assert.deepEqual(proxy.requests, []);
  });

  describe('report the same, without the password, of a proxy that', () => {
    /** @param url of a proxy on 127.0.0.1, with a user and a password */
    async function assertFault(name: string, url: string, code: string, text: string): Promise<void> {
      const env = { TEMPORAL_ADDRESS: TARGET, HTTPS_PROXY: url };
      const fault = await readCommonFault(fixture, name, env);
      const place = `${PLACE}, through the proxy http://${new URL(url).host}`;
      assert.deepEqual([fault.code, fault.reason], [code, `${place}: ${text}`]);
      assert.match(fault.remedy, /[.]$/);
      assertNoPassword(JSON.stringify(fault));
    }

    it('refuses the connection', async () => {
      const proxy = await startProxy(LOGIN);
      proxy.setAnswer('refuse');
      await assertFault('refuses', proxy.url, 'proxy-refused', 'the proxy rejected the CONNECT request');
    });

    it('does not accept the login', async () => {
      const { address } = await startProxy(LOGIN);
      const url = `http://other:${encodeURIComponent(LOGIN.password)}@${address}`;
      await assertFault('login', url, 'proxy-auth-required', 'the proxy requires authentication (407)');
    });

    it('is silent', async () => {
      const proxy = await startProxy(LOGIN);
      proxy.setAnswer('silence');
      await assertFault('silent', proxy.url, 'proxy-unreachable', `${UNREACHABLE}: timed out after 5 s`);
    });

    it('does not exist', async () => {
      const url = `http://user:${encodeURIComponent(LOGIN.password)}@127.0.0.1:${await freePort()}`;
      await assertFault('missing', url, 'proxy-unreachable', `${UNREACHABLE}: connection refused`);
    });
  });
});

/** `status` has found Temporal, and no schedule. */
function assertResponse({ stdout, stderr }: CommandResult): void {
  assert.equal(stderr, '');
  const { problems } = JSON.parse(stdout) as { problems?: readonly { id: string }[] };
  assert.equal(problems?.[0]?.id, 'schedule-missing', stdout);
}

function assertNoPassword(...texts: readonly string[]): void {
  for (const form of [LOGIN.password, encodeURIComponent(LOGIN.password)]) {
    assert.ok(!texts.join('\n').includes(form), 'the password of the proxy is printed');
  }
}
