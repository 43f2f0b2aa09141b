// What built commands and workers report of TLS and addresses that do not work, and of settings that cannot work.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../sandbox/executables.js';
import {
  createCertificateAuthority,
  type Certificate,
  type CertificateAuthority,
} from '../support/certificate-authority.js';
import { startConnectProxy } from '../support/connect-proxy.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { startTemporalFront } from '../support/temporal-front.js';
import { startTlsFront } from '../support/tls-front.js';
import { readCommonFault } from './temporal-fault.js';
import { startSilentServer, startTemporalFixture, type TemporalFixture } from './temporal-fixture.js';

const NOWHERE = '127.0.0.1:1';
const HOST = 'temporal.corp.invalid';

describe('what built commands and workers report of', function () {
  this.timeout(120_000);
  let fixture: TemporalFixture;
  let ca: CertificateAuthority;
  let otherCa: CertificateAuthority;
  let server: Certificate;

  before(async () => {
    fixture = await startTemporalFixture();
    ca = await createCertificateAuthority(join(fixture.folder, 'ca'));
    otherCa = await createCertificateAuthority(join(fixture.folder, 'other-ca'));
    server = await ca.issueServer(['127.0.0.1']);
  });

  after(() => fixture.stop());

  describe('a connection that fails, the same in both:', () => {
    let plain: string;
    let encrypted: string;
    let refused: Promise<void>;

    before(async () => {
      // Commands retry it for 10 s: the other cases run meanwhile.
      const env = { TEMPORAL_ADDRESS: NOWHERE, TEMPORAL_TLS: 'true' };
      refused = assertFault(env, 'connection-refused', 'connection refused');
      refused.catch(() => {});
      plain = fixture.stops.add(await startTemporalFront({})).address;
      encrypted = fixture.stops.add(await startTemporalFront({ tls: server })).address;
    });

    async function startWithClientCertificates(): Promise<string> {
      const files = { cert: server.certFile, key: server.keyFile, clientCa: ca.caFile };
      return fixture.stops.add(await startTlsFront({ upstream: plain, ...files })).address;
    }

    async function assertFault(env: NodeJS.ProcessEnv, code: string, text: string): Promise<void> {
      const { remedy, ...fault } = await readCommonFault(fixture, text.replace(/^TLS: /, ''), env);
      const reason = `Temporal at ${env['TEMPORAL_ADDRESS']}, namespace default: ${text}`;
      assert.deepEqual(fault, { code, reason });
      assert.match(remedy, /^[A-Z].*\.$/);
    }

    it('TLS to a plain port', () =>
      assertFault(
        { TEMPORAL_ADDRESS: plain, TEMPORAL_TLS: 'true' },
        'not-tls',
        'the server does not use TLS',
      ));

    it('plain text to a TLS port', () =>
      assertFault({ TEMPORAL_ADDRESS: encrypted }, 'tls-required', 'the server requires TLS'));

    it('a certificate of an unknown CA', () =>
      assertFault(
        { TEMPORAL_ADDRESS: encrypted, TEMPORAL_TLS_SERVER_CA_CERT_PATH: otherCa.caFile },
        'tls-unknown-authority',
        'TLS: certificate signed by an unknown CA',
      ));

    it('a certificate of another host', () =>
      assertFault(
        {
          TEMPORAL_ADDRESS: encrypted,
          TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.caFile,
          TEMPORAL_TLS_SERVER_NAME: 'other.test',
        },
        'tls-wrong-host',
        'TLS: the certificate is for another host',
      ));

    it('a missing client certificate', async function () {
      if (findOnPath(['python3']) === undefined) skipOrFail(this, 'python3');
      const address = await startWithClientCertificates();
      const env = { TEMPORAL_ADDRESS: address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.caFile };
      await assertFault(env, 'client-certificate-required', 'TLS: the server requires a client certificate');
    });

    it('a client certificate of another CA', async function () {
      if (findOnPath(['python3']) === undefined) skipOrFail(this, 'python3');
      const { certFile, keyFile } = await otherCa.issueClient('worker');
      const env = {
        TEMPORAL_ADDRESS: await startWithClientCertificates(),
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.caFile,
        TEMPORAL_TLS_CLIENT_CERT_PATH: certFile,
        TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile,
      };
      await assertFault(
        env,
        'client-certificate-rejected',
        'TLS: the server rejected the client certificate',
      );
    });

    it('a host that does not resolve', async () => {
      const env = { TEMPORAL_ADDRESS: `${HOST}:7233`, TEMPORAL_TLS: 'true' };
      const { code, reason } = await readCommonFault(fixture, 'unknown host', env);
      // Without a name server the lookup fails otherwise.
      assert.match(code, /^(unknown-host|dns-failure)$/);
      assert.ok(reason.startsWith(`Temporal at ${HOST}:7233, namespace default: `), reason);
    });

    it('a refused connection', () => refused);
  });

  describe('invalid settings, before they connect to anything:', () => {
    /** @param setting what the problem is about, with its text and its fix */
    async function assertProblem(
      env: NodeJS.ProcessEnv,
      setting: string,
      message: string,
      remedy: string,
    ): Promise<void> {
      const [status, describe, doctor, worker] = await Promise.all([
        fixture.command(['status'], env),
        fixture.command(['schedule', 'describe'], env),
        fixture.command(['doctor', '--json'], env),
        fixture.command(['worker'], env),
      ]);
      const stderr = `The Temporal settings are invalid (1 problem). Nothing was changed.\n${setting}: ${message}. ${remedy}\n`;
      assert.deepEqual(status, { code: 78, stdout: '', stderr });
      assert.deepEqual(describe, { code: 78, stdout: '', stderr });
      assert.deepEqual([doctor.code, doctor.stderr], [78, '']);
      const { checks } = JSON.parse(doctor.stdout) as { checks: readonly Record<string, unknown>[] };
      assert.deepEqual(
        checks.filter(({ id }) => id === 'temporal-settings'),
        [{ id: 'temporal-settings', target: setting, outcome: 'failed', message, remedy }],
      );
      assert.equal(worker.code, 78);
      const lines = (worker.stdout + worker.stderr).trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => ({ ...(JSON.parse(line) as object), time: '' })),
        [
          {
            level: 'error',
            time: '',
            code: 'temporal-setting',
            place: setting,
            problem: message,
            remedy,
            msg: 'Temporal settings invalid',
          },
        ],
      );
    }

    /** The same with a server at the address, to which nothing connects. */
    async function assertUnused(
      toEnv: (address: string) => NodeJS.ProcessEnv,
      ...problem: readonly [setting: string, message: string, remedy: string]
    ): Promise<void> {
      const listening = fixture.stops.add(await startSilentServer());
      await assertProblem({ TEMPORAL_ADDRESS: listening.address, ...toEnv(listening.address) }, ...problem);
      assert.equal(listening.countConnections(), 0);
    }

    it('a CA file that is not PEM', async () => {
      const file = join(fixture.folder, 'not.pem');
      writeFileSync(file, 'not a certificate\n');
      await assertUnused(
        () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: file }),
        'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
        'contains no PEM certificate',
        'Set it to the path of a PEM file with the certificate.',
      );
    });

    it('a client key of another certificate', async () => {
      const [one, other] = [await ca.issueClient('one'), await ca.issueClient('other')];
      await assertUnused(
        () => ({
          TEMPORAL_TLS_CLIENT_CERT_PATH: one.certFile,
          TEMPORAL_TLS_CLIENT_KEY_PATH: other.keyFile,
        }),
        'TEMPORAL_TLS_CLIENT_KEY_PATH',
        'does not match the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH',
        'Set both to the same pair. No action is needed while the files are being replaced.',
      );
    });

    it('TEMPORAL_TLS that is neither true nor false', () =>
      assertUnused(
        () => ({ TEMPORAL_TLS: 'maybe' }),
        'TEMPORAL_TLS',
        'is neither true nor false',
        'Set it to true or false.',
      ));

    it('an address with a scheme', () =>
      assertUnused(
        (address) => ({ TEMPORAL_ADDRESS: `https://${address}` }),
        'TEMPORAL_ADDRESS',
        'has a scheme, such as https://',
        'Write host:port, such as temporal.example.com:7233. To use TLS, set TEMPORAL_TLS=true.',
      ));

    it('an API key that would leave this machine unencrypted', async () => {
      // The address exists only in a proxy, so that a connection to it would be recorded.
      const proxy = fixture.stops.add(await startConnectProxy({ targets: {} }));
      const env = {
        TEMPORAL_ADDRESS: `${HOST}:7233`,
        TEMPORAL_API_KEY: 'canary',
        TEMPORAL_TLS: 'false',
        HTTPS_PROXY: proxy.url,
      };
      await assertProblem(
        env,
        'TEMPORAL_API_KEY',
        'would be sent unencrypted, because TLS is off',
        'Remove TEMPORAL_TLS, or set it so that TLS is on.',
      );
      assert.deepEqual(proxy.requests, []);
    });
  });
});
