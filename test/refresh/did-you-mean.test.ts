import assert from 'node:assert/strict';

import { suggestKey } from '../../src/refresh/did-you-mean.js';

const KEYS = ['version', 'airflows', 'registries', 'docker', 'schedule', 'temporal', 'id'];

describe('suggestKey', () => {
  for (const { mistyped, meant } of [
    { mistyped: 'airflow', meant: 'airflows' },
    { mistyped: 'airfolws', meant: 'airflows' },
    { mistyped: 'Docker', meant: 'docker' },
    { mistyped: 'shedul', meant: 'schedule' },
    { mistyped: 'dcoekr', meant: 'docker' },
    { mistyped: 'di', meant: 'id' },
    { mistyped: 'http', meant: undefined },
    { mistyped: 'xy', meant: undefined },
    { mistyped: '', meant: undefined },
    { mistyped: 'x'.repeat(100_000), meant: undefined },
  ] as const) {
    it(`suggests ${meant ?? 'no key'} for ${mistyped.slice(0, 20) || 'an empty key'}`, () => {
      assert.equal(suggestKey(mistyped, KEYS), meant);
    });
  }
});
