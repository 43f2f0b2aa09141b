// Temporal refuses a running worker, or its certificate. A worker that cannot work any more ends, so that its supervisor
// restarts it; one whose credentials were replaced reconnects.
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../sandbox/executables.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import {
  createCertificateAuthority,
  type Certificate,
  type CertificateAuthority,
} from '../support/certificate-authority.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import {
  startTemporalFront,
  type FrontAnswer,
  type FrontCall,
  type TemporalFront,
} from '../support/temporal-front.js';
import { startTlsFront } from '../support/tls-front.js';
import {
  hasMessage,
  isStarted,
  readLog,
  startTemporalFixture,
  type TemporalFixture,
} from './temporal-fixture.js';
import { waitFor } from './wait-for.js';

describe('a worker that Temporal refuses', function () {
  this.timeout(240_000);
  let fixture: TemporalFixture;
  let temporal: TemporalServer;

  before(async () => {
    fixture = await startTemporalFixture();
    temporal = fixture.stops.add(await startTemporal({ stateFolder: join(fixture.folder, 'temporal') }));
  });

  after(() => fixture.stop());

  async function startWithKeyFile(name: string) {
    const front = fixture.stops.add(await startTemporalFront({ upstream: temporal.address }));
    const file = join(fixture.folder, `${name}.toml`);
    const writeKey = (key: string): void =>
      writeFileSync(
        file,
        `[profile.default]\naddress = "${front.address}"\napi_key = "${key}"\ntls = { disabled = true }\n`,
      );
    writeKey('first-key');
    return {
      front,
      writeKey,
      worker: await fixture.startWorker(name, { TEMPORAL_CONFIG_FILE: file }, isStarted),
    };
  }

  it('uses an API key that was replaced in temporal.toml', async () => {
    const { front, worker, writeKey } = await startWithKeyFile('renewed');
    writeKey('second-key');
    await waitFor('a poll with the new key', () => hasPolled(front, 'second-key'), 60_000);
    front.setAnswer(refuseAllBut('second-key'));
    const before = front.calls.length;
    front.cut();
    await waitFor('a poll after the end of the old key', () => hasPolled(front, 'second-key', before));
    await worker.stop();
    assert.equal(await worker.exited, 'exited with code 0');
  });

  describe('for its polls', () => {
    const ends = new Map<string, Promise<void>>();

    // The SDK retries a refused poll for about a minute: all cases wait at the same time.
    before(() => {
      ends.set('7', refusePolls(7, 'permission-denied'));
      ends.set('16', refusePolls(16, 'unauthenticated'));
      ends.set('replaced', replaceRefusedKey());
      for (const end of ends.values()) end.catch(() => {});
    });

    async function refusePolls(status: number, code: string): Promise<void> {
      const front = fixture.stops.add(await startTemporalFront({ upstream: temporal.address }));
      const env = { TEMPORAL_ADDRESS: front.address };
      const worker = await fixture.startWorker(`refused-${status}`, env, isStarted);
      front.setAnswer(({ method }) =>
        method.startsWith('Poll') ? { status, message: 'revoked' } : undefined,
      );
      front.cut();
      assert.equal(await worker.exited, 'exited with code 1');
      const errors = readLog(worker.logFile).filter(({ level }) => level === 'error');
      assert.deepEqual(
        errors.map((line) => [line['code'], line['msg']]),
        [[code, 'Temporal unavailable']],
      );
      assert.match(String(errors[0]?.['reason']), new RegExp(`gRPC status ${status} .*: revoked`));
    }

    async function replaceRefusedKey(): Promise<void> {
      const { front, worker, writeKey } = await startWithKeyFile('revoked');
      front.setAnswer(refuseAllBut('second-key'));
      front.cut();
      writeKey('second-key');
      await waitFor('a poll with the new key', () => hasPolled(front, 'second-key'), 120_000);
      await worker.stop();
      assert.equal(await worker.exited, 'exited with code 0');
    }

    it('exits with 1 and the cause when they are denied', () => ends.get('7'));
    it('exits with 1 and the cause when it is not authenticated', () => ends.get('16'));
    it('reconnects when the refused API key was replaced', () => ends.get('replaced'));
  });

  describe('for its client certificate', () => {
    let oldCa: CertificateAuthority;
    let newCa: CertificateAuthority;
    let server: Certificate;

    before(async function () {
      if (findOnPath(['python3']) === undefined) skipOrFail(this, 'python3');
      oldCa = await createCertificateAuthority(join(fixture.folder, 'old-ca'));
      newCa = await createCertificateAuthority(join(fixture.folder, 'new-ca'));
      server = await oldCa.issueServer(['127.0.0.1']);
    });

    async function startBehindTls(name: string) {
      const files = { cert: server.certFile, key: server.keyFile, clientCa: oldCa.caFile };
      const front = fixture.stops.add(await startTlsFront({ upstream: temporal.address, ...files }));
      const paths = [join(fixture.folder, `${name}.pem`), join(fixture.folder, `${name}-key.pem`)] as const;
      const use = ({ certFile, keyFile }: Certificate): void => {
        copyFileSync(certFile, paths[0]);
        copyFileSync(keyFile, paths[1]);
      };
      use(await oldCa.issueClient('worker'));
      const env = {
        TEMPORAL_ADDRESS: front.address,
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: oldCa.caFile,
        TEMPORAL_TLS_CLIENT_CERT_PATH: paths[0],
        TEMPORAL_TLS_CLIENT_KEY_PATH: paths[1],
      };
      return { front, use, worker: await fixture.startWorker(name, env, isStarted) };
    }

    it('exits with 1 when the server rejects it, and the files have not changed', async () => {
      const { front, worker } = await startBehindTls('rejected');
      await front.trust(newCa.caFile);
      assert.equal(await worker.exited, 'exited with code 1');
      const last = readLog(worker.logFile).at(-1);
      assert.deepEqual([last?.['level'], last?.['code']], ['error', 'client-certificate-rejected']);
    });

    it('reconnects with the files that have replaced it', async () => {
      const { front, use, worker } = await startBehindTls('replaced');
      use(await newCa.issueClient('worker'));
      await front.trust(newCa.caFile);
      await waitFor('the end of the outage', () =>
        hasMessage('Temporal credentials replaced; connection renewed')(readLog(worker.logFile)),
      );
      await worker.stop();
      assert.equal(await worker.exited, 'exited with code 0');
    });
  });
});

function refuseAllBut(key: string): (call: FrontCall) => FrontAnswer | undefined {
  return ({ headers }) =>
    headers['authorization'] === `Bearer ${key}` ? undefined : { status: 16, message: 'revoked' };
}

/** Whether there was a poll with this API key, after the first `from` calls. */
function hasPolled({ calls }: TemporalFront, key: string, from = 0): boolean {
  return calls
    .slice(from)
    .some(({ method, headers }) => method.startsWith('Poll') && headers['authorization'] === `Bearer ${key}`);
}
