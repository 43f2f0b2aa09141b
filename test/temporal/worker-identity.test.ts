import assert from 'node:assert/strict';
import { formatIdentity, parseIdentity } from '../../src/temporal/worker-identity.js';

const IDENTITY = { version: '0.1.0', host: 'worker-1.example', pid: 17, configHash: '0123456789ab' };

describe('the identity of a worker', () => {
  it('contains version, host, process and configuration', () => {
    const text = 'airflow-ecr-refresh/0.1.0@worker-1.example#17 (config 0123456789ab)';
    assert.equal(formatIdentity(IDENTITY), text);
    assert.deepEqual(parseIdentity(text), IDENTITY);
  });

  it('shows hidden characters of the host as escapes', () => {
    const text = formatIdentity({ ...IDENTITY, host: 'a\u001b' });
    assert.equal(text, 'airflow-ecr-refresh/0.1.0@a\\u001b#17 (config 0123456789ab)');
  });

  it('can be without a configuration', () => {
    const text = formatIdentity({ ...IDENTITY, configHash: null });
    assert.equal(text, 'airflow-ecr-refresh/0.1.0@worker-1.example#17');
    assert.equal(parseIdentity(text)?.configHash, null);
  });

  it('is not that of another program', () => {
    for (const text of [
      '',
      '17@worker-1',
      'airflow-ecr-refresh@worker-1#17',
      'airflow-ecr-refresh-two/0.1.0@worker-1#17',
      'my airflow-ecr-refresh/0.1.0@worker-1#17',
      'airflow-ecr-refresh/0.1.0@worker-1#17 (config secret)',
      'airflow-ecr-refresh/0.1.0@worker-1#17\n',
    ]) {
      assert.equal(parseIdentity(text), undefined, text);
    }
  });
});
