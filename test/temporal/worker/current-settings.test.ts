import assert from 'node:assert/strict';
import { CurrentSettings, isSameConnection } from '../../../src/temporal/worker/current-settings.js';
import { plainSettings, type TemporalSettings } from '../../../src/temporal/settings/settings.js';
import { TemporalSettingsInvalid } from '../../../src/temporal/settings/settings-error.js';
import { captureLog, type CapturedLog } from '../../fakes/captured-log.js';

const SETTINGS = plainSettings('temporal:7233', 'default');

describe('CurrentSettings', () => {
  let log: CapturedLog;
  let next: () => TemporalSettings;
  let settings: CurrentSettings;

  beforeEach(() => {
    log = captureLog('info');
    next = () => SETTINGS;
    settings = new CurrentSettings(log.logger, () => next());
  });

  afterEach(() => log.close());

  it('returns what was replaced since the last time', () => {
    next = () => ({ ...SETTINGS, apiKey: 'new' });
    assert.equal(settings.current.apiKey, undefined);
    assert.equal(settings.reload().apiKey, 'new');
    assert.equal(settings.areIncomplete, false);
    assert.equal(settings.current.apiKey, 'new');
  });

  it('keeps the last valid settings while a rotation is incomplete, and logs that once', () => {
    next = () => {
      const setting = 'TEMPORAL_TLS_CLIENT_KEY_PATH';
      throw new TemporalSettingsInvalid([{ setting, message: 'does not match', remedy: 'Replace it.' }]);
    };
    assert.deepEqual([settings.reload(), settings.reload()], [SETTINGS, SETTINGS]);
    assert.equal(settings.areIncomplete, true);
    assert.deepEqual(
      log.lines().map(({ level, problem }) => [level, problem]),
      [['warn', 'TEMPORAL_TLS_CLIENT_KEY_PATH: does not match. Replace it.']],
    );
  });

  it('removes its secrets from texts, also those that were replaced', () => {
    next = () => ({ ...SETTINGS, apiKey: 'first-key', metadata: { 'x-key': 'meta-key' } });
    settings.reload();
    next = () => ({ ...SETTINGS, apiKey: 'second-key' });
    settings.reload();
    assert.equal(
      settings.removeSecrets('first-key meta-key second-key other'),
      '[secret] [secret] [secret] other',
    );
  });

  it('stays with the server and the namespace of the start', () => {
    next = () => ({ ...plainSettings('other:7233', 'other'), apiKey: 'new' });
    const { address, namespace, apiKey } = settings.reload();
    assert.deepEqual([address, namespace, apiKey], ['temporal:7233', 'default', 'new']);
  });

  it('throws at the start', () => {
    const read = (): TemporalSettings => {
      throw new TemporalSettingsInvalid([{ setting: 'TEMPORAL_ADDRESS', message: 'x', remedy: 'y' }]);
    };
    assert.throws(() => new CurrentSettings(log.logger, read), TemporalSettingsInvalid);
  });
});

describe('isSameConnection', () => {
  const tls = { serverName: undefined, ca: 'a', client: { cert: 'c', key: 'k' } };
  const changes: Readonly<Record<string, Partial<TemporalSettings>>> = {
    'API key': { apiKey: 'new' },
    'client certificate': { tls: { ...tls, client: { cert: 'new', key: 'k' } } },
    CA: { tls: { ...tls, ca: 'new' } },
    metadata: { metadata: { a: 'b' } },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`is false for another ${what}`, () => {
      const one = { ...SETTINGS, tls };
      assert.equal(isSameConnection(one, { ...one, ...change }), false);
      assert.equal(isSameConnection({ ...one, ...change }, { ...one, ...structuredClone(change) }), true);
    });
  }
});
