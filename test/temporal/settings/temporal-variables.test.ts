import assert from 'node:assert/strict';
import { isSecretVariable } from '../../../src/temporal/settings/temporal-variables.js';

describe('isSecretVariable', () => {
  for (const name of [
    'TEMPORAL_API_KEY',
    'TEMPORAL_TLS_CLIENT_KEY_DATA',
    'TEMPORAL_GRPC_META_AUTHORIZATION',
    'TEMPORAL_CLOUD_API_KEY',
    'TEMPORAL_CODEC_AUTH',
    'TEMPORAL_TOKEN',
  ]) {
    it(`is true for ${name}`, () => assert.ok(isSecretVariable(name)));
  }

  for (const name of [
    'TEMPORAL_ADDRESS',
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    'TEMPORAL_TLS_CLIENT_CERT_DATA',
    'AIRFLOW_API_KEY',
  ]) {
    it(`is false for ${name}`, () => assert.ok(!isSecretVariable(name)));
  }
});
