import assert from 'node:assert/strict';
import { assertNoSecretIn, findSecretsIn } from './assert-no-secret.js';
import { randomText, seededRandom } from './canary.js';

describe('assertNoSecretIn', () => {
  const random = seededRandom(7);
  const [value, other] = [randomText(random, 60), randomText(random, 60)];
  const secrets = [
    { name: 'the token', value },
    { name: 'the password', value: other },
  ];
  const place = (name: string, text: string): { place: string; bytes: Buffer } => ({
    place: name,
    bytes: Buffer.from(text),
  });

  async function getMessage(scan: Promise<unknown>): Promise<string> {
    const outcome = await scan.then(
      () => 'passed',
      (error: Error) => error.message,
    );
    return outcome;
  }

  it('returns how much it scanned when there is nothing to find', async () => {
    async function* later(): AsyncGenerator<{ place: string; bytes: Buffer }> {
      yield place('b', '12345');
      yield place('b', '678');
    }
    assert.deepEqual(await assertNoSecretIn(secrets, [place('a', '1234')], later()), {
      places: 2,
      bytes: 12,
    });
  });

  it('reports secret, form and place, but never the value', async () => {
    const hex = Buffer.from(other).toString('hex');
    const places = [place('a log', `${value} ${value}`), place('a file', hex), place('another', 'clean')];
    const message = await getMessage(assertNoSecretIn(secrets, places));
    assert.equal(
      message,
      'Secrets were found:\n  the token, plain text, in a log\n  the password, hex, in a file',
    );
  });

  it('does not repeat a secret that is in the name of a place', async () => {
    const message = await getMessage(assertNoSecretIn(secrets, [place(`/tmp/${value}`, other)]));
    assert.ok(!message.includes(value.slice(0, 31)));
    assert.match(message, /the token, plain text, in \(a place with a secret in its name\)/);
    assert.match(message, /the password, plain text, in \(a place with a secret in its name\)/);
  });

  it('lists a hundred findings and counts the others', async () => {
    const places = Array.from({ length: 130 }, (_, i) => place(`file ${i}`, value));
    const lines = (await getMessage(assertNoSecretIn(secrets, places))).split('\n');
    assert.equal(lines.length, 102);
    assert.equal(lines.at(-1), '  and 30 more');
    assert.equal((await findSecretsIn(secrets, places)).findings.length, 130);
  });

  it('rejects a scan of nothing', async () => {
    const clean = [place('a', '1')];
    assert.match(await getMessage(assertNoSecretIn([], clean)), /no secret to search for/);
    assert.match(await getMessage(assertNoSecretIn(secrets)), /no place to scan/);
    assert.match(await getMessage(assertNoSecretIn(secrets, clean, [])), /Source 2 has no places/);
    assert.match(await getMessage(assertNoSecretIn(secrets, [place('a', '')])), /All places are empty/);
  });
});
