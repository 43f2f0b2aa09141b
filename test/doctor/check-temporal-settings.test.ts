import assert from 'node:assert/strict';
import { checkTemporalSettings } from '../../src/doctor/check-temporal-settings.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';

const SETTINGS = { address: 'temporal.internal:7233', namespace: 'default' };
const [setting, message, remedy] = ['TEMPORAL_TLS', 'is neither true nor false', 'Write true or false.'];

describe('checkTemporalSettings', () => {
  it('passes with the address and namespace', () => {
    const { checks, areValid } = checkTemporalSettings(() => SETTINGS);
    assert.deepEqual(
      [areValid, checks.map(({ outcome, message: text }) => `${outcome}: ${text}`)],
      [true, ['ok: address temporal.internal:7233, namespace default']],
    );
  });

  it('warns about settings without effect', () => {
    const warnings = [{ setting, message, remedy }];
    const { checks, areValid } = checkTemporalSettings(() => ({ ...SETTINGS, warnings }));
    const [, ...others] = checks;
    assert.equal(areValid, true);
    assert.deepEqual(others, [
      { id: 'temporal-settings', target: setting, outcome: 'warning', message, remedy },
    ]);
  });

  it('fails for each problem', () => {
    const { checks, areValid } = checkTemporalSettings(() => {
      const other = { setting: 'TEMPORAL_ADDRESS', message, remedy };
      throw new TemporalSettingsInvalid([{ setting, message, remedy }, other]);
    });
    assert.equal(areValid, false);
    assert.deepEqual(
      checks.map(({ id, target, outcome }) => [id, target, outcome]),
      [
        ['temporal-settings', 'TEMPORAL_TLS', 'failed'],
        ['temporal-settings', 'TEMPORAL_ADDRESS', 'failed'],
      ],
    );
    assert.deepEqual([checks[0]?.message, checks[0]?.remedy], [message, remedy]);
  });
});
