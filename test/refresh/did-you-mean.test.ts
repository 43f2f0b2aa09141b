import assert from 'node:assert/strict';

import { suggestKey } from '../../src/refresh/did-you-mean.js';

const KEYS = ['version', 'airflows', 'registries', 'docker', 'schedule', 'temporal', 'id'];

describe('suggestKey', () => {
  for (const [mistyped, meant] of [
    ['airflow', 'airflows'],
    ['airfolws', 'airflows'],
    ['Docker', 'docker'],
    ['shedul', 'schedule'],
    ['dcoekr', 'docker'],
    ['di', 'id'],
    ['http', undefined],
    ['xy', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ] as const) {
    it(`takes ${mistyped.slice(0, 20) || 'nothing'} for ${meant ?? 'no known key'}`, () => {
      assert.equal(suggestKey(mistyped, KEYS), meant);
    });
  }
});
