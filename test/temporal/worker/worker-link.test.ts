import assert from 'node:assert/strict';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { CurrentSettings } from '../../../src/temporal/worker/current-settings.js';
import type { WorkerConnection } from '../../../src/temporal/worker/worker-connection.js';
import { WorkerLink } from '../../../src/temporal/worker/worker-link.js';
import { plainSettings, type TemporalSettings } from '../../../src/temporal/settings/settings.js';
import { TemporalSettingsInvalid } from '../../../src/temporal/settings/settings-error.js';
import { TemporalUnavailable } from '../../../src/temporal/unavailable.js';
import { captureLog, type CapturedLog } from '../../fakes/captured-log.js';

const OLD = { ...plainSettings('temporal:7233', 'default'), apiKey: 'old-key' };
const NEW = { ...OLD, apiKey: 'new-key' };
const REFUSED = new TemporalUnavailable('unauthenticated', 'not authenticated');
const RENEWED = 'Temporal credentials replaced; connection renewed';

interface FakeWorker {
  connection: unknown;
  state: string;
  getState: () => string;
}

describe('WorkerLink', () => {
  let log: CapturedLog;
  let latest: () => TemporalSettings;
  let worker: FakeWorker;
  let attempts: number;
  let closed: number;
  let connect: (settings: TemporalSettings) => Promise<WorkerConnection>;
  let link: WorkerLink;

  beforeEach(() => {
    log = captureLog('info');
    latest = () => OLD;
    worker = { connection: undefined, state: 'RUNNING', getState: () => worker.state };
    attempts = 0;
    closed = 0;
    connect = async (settings) => toConnection(settings);
    const settings = new CurrentSettings(log.logger, () => latest());
    link = new WorkerLink(
      toConnection(OLD),
      { settings, logger: log.logger, taskQueue: 'q' },
      async (given) => {
        attempts += 1;
        return connect(given);
      },
    );
  });

  afterEach(() => log.close());

  function toConnection(settings: TemporalSettings): WorkerConnection {
    const connection = { close: async () => void (closed += 1) } as unknown as NativeConnection;
    return { connection, settings, undescribed: undefined };
  }

  function renew(problem?: TemporalUnavailable): Promise<TemporalUnavailable | undefined> {
    return link.renew(worker as unknown as Worker, problem);
  }

  function messages(): unknown[] {
    return log.lines().map(({ msg }) => msg);
  }

  it('does nothing while nothing has changed, and returns the refusal', async () => {
    assert.equal(await renew(), undefined);
    assert.equal(await renew(REFUSED), REFUSED);
    assert.deepEqual([attempts, link.hasNewCredentials()], [0, false]);
  });

  it('gives the worker a connection with what has changed', async () => {
    latest = () => NEW;
    assert.equal(link.hasNewCredentials(), true);
    assert.equal(await renew(REFUSED), undefined);
    assert.equal(link.inUse.settings.apiKey, 'new-key');
    assert.equal(worker.connection, link.inUse.connection);
    assert.deepEqual(messages(), [RENEWED]);
    // Polls in progress still use the old key, and may be refused.
    assert.equal(link.hasNewCredentials(), true);
  });

  it('returns the refusal of both the credentials in use and the latest', async () => {
    latest = () => NEW;
    const refusedToo = new TemporalUnavailable('permission-denied', 'permission denied');
    connect = () => Promise.reject(refusedToo);
    assert.equal(await renew(REFUSED), refusedToo);
  });

  it('keeps a connection that works while the latest credentials do not, with one line', async () => {
    latest = () => NEW;
    connect = () => Promise.reject(REFUSED);
    assert.deepEqual([await renew(), await renew()], [undefined, undefined]);
    assert.deepEqual([attempts, link.inUse.settings.apiKey], [2, 'old-key']);
    assert.deepEqual(messages(), ['new Temporal credentials do not work yet']);
  });

  it('tries only once what the native client cannot use: each attempt keeps open files', async () => {
    latest = () => NEW;
    connect = () => Promise.reject(new TemporalUnavailable('native-client', 'UnsupportedCertVersion'));
    await renew();
    await renew();
    assert.equal(attempts, 1);
  });

  it('waits while only one of two files is new', async () => {
    latest = () => {
      throw new TemporalSettingsInvalid([{ setting: 'X', message: 'is invalid', remedy: 'Fix it.' }]);
    };
    assert.equal(await renew(REFUSED), undefined);
    assert.equal(link.hasNewCredentials(), true);
  });

  for (const [what, end] of [
    ['has failed', () => void (worker.state = 'FAILED')],
    ['has ended', () => link.end()],
  ] as const) {
    it(`closes a new connection when the worker ${what} meanwhile`, async () => {
      latest = () => NEW;
      connect = async (settings) => {
        end();
        return toConnection(settings);
      };
      await renew();
      assert.deepEqual([worker.connection, closed, messages()], [undefined, 1, []]);
    });
  }

  it('throws an error that is not about Temporal', async () => {
    latest = () => NEW;
    const bug = new TypeError('bug');
    connect = () => Promise.reject(bug);
    await assert.rejects(renew(), bug);
  });
});
