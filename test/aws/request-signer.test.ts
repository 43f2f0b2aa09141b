import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createRequestSigner } from '../../src/aws/request-signer.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import { anySignal, setEnvironment } from '../support/local-server.js';

const KEY = 'aws-secret-key-that-must-not-show';
const SERVICE = { service: 'airflow', region: 'eu-central-1', principal: DEFAULT_PRINCIPAL };
const REQUEST = {
  method: 'POST',
  url: new URL('https://env.airflow.eu-central-1.amazonaws.com/restapi/data-team'),
  body: '{"Path":"/version"}',
} as const;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** The signature, computed from AWS's description of SigV4. */
function expectedSignature(headers: Record<string, string>): string {
  const time = headers['x-amz-date'] ?? '';
  const date = time.slice(0, 8);
  const signed = Object.keys(headers)
    .filter((name) => name !== 'authorization')
    .sort();
  const lines = signed.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `POST\n/restapi/data-team\n\n${lines}\n${signed.join(';')}\n${sha256(REQUEST.body)}`;
  const scope = `${date}/eu-central-1/airflow/aws4_request`;
  const key = ['eu-central-1', 'airflow', 'aws4_request'].reduce(hmac, hmac(`AWS4${KEY}`, date));
  return hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
}

describe('createRequestSigner', () => {
  for (const sessionToken of [undefined, 'session-token']) {
    it(`signs with SigV4, ${sessionToken ? 'with' : 'without'} a session token`, async () => {
      const restore = setEnvironment({
        AWS_ACCESS_KEY_ID: 'AKIATEST',
        AWS_SECRET_ACCESS_KEY: KEY,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_PROFILE: undefined,
      });
      const headers = await createRequestSigner(new AwsSessions(), SERVICE).sign(REQUEST, anySignal());
      restore();
      assert.equal(headers['x-amz-security-token'], sessionToken);
      assert.equal(headers['host'], REQUEST.url.host);
      assert.match(headers['authorization'] ?? '', /Credential=AKIATEST\/\d{8}\/eu-central-1\/airflow\//);
      assert.ok(headers['authorization']?.endsWith(`Signature=${expectedSignature(headers)}`));
    });
  }

  it('signs with the credentials of the latest run, and reads them again when AWS rejects them', async () => {
    const restore = setEnvironment({
      AWS_ACCESS_KEY_ID: 'AKIAFIRST',
      AWS_SECRET_ACCESS_KEY: KEY,
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
    });
    const sessions = new AwsSessions();
    const signer = createRequestSigner(sessions, SERVICE);
    const readKey = async (): Promise<string | undefined> => {
      const { authorization } = await signer.sign(REQUEST, anySignal());
      return /Credential=(\w+)/.exec(authorization ?? '')?.[1];
    };
    try {
      assert.equal(await readKey(), 'AKIAFIRST');
      setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIASECOND' });
      assert.equal(await readKey(), 'AKIAFIRST');
      sessions.of(DEFAULT_PRINCIPAL, { runId: 'run' });
      assert.equal(await readKey(), 'AKIASECOND');
      setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIATHIRD' });
      assert.equal(await readKey(), 'AKIASECOND');
      signer.forget();
      assert.equal(await readKey(), 'AKIATHIRD');
    } finally {
      restore();
    }
  });

  it('signs with the time of AWS if its clock is known to differ', async () => {
    const restore = setEnvironment({
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: KEY,
      AWS_PROFILE: undefined,
    });
    const sessions = new AwsSessions();
    const HOUR_MS = 3_600_000;
    sessions.of(DEFAULT_PRINCIPAL).noteClockOffset(5 * HOUR_MS);
    const headers = await createRequestSigner(sessions, SERVICE).sign(REQUEST, anySignal());
    restore();
    const iso = headers['x-amz-date']?.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5') ?? '';
    const aheadMs = Date.parse(iso) - Date.now();
    assert.ok(aheadMs > 4 * HOUR_MS && aheadMs < 6 * HOUR_MS, iso);
  });
});
