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

  async function messageOf(scan: Promise<unknown>): Promise<string> {
    const outcome = await scan.then(
      () => 'passed',
      (error: Error) => error.message,
    );
    return outcome;
  }

  it('tells how much it looked at when there is nothing to find', async () => {
    async function* later(): AsyncGenerator<{ place: string; bytes: Buffer }> {
      yield place('b', '12345');
      yield place('b', '678');
    }
    assert.deepEqual(await assertNoSecretIn(secrets, [place('a', '1234')], later()), {
      places: 2,
      bytes: 12,
    });
  });

  it('names secret, form and place, and never the value', async () => {
    const hex = Buffer.from(other).toString('hex');
    const places = [place('a log', `${value} ${value}`), place('a file', hex), place('another', 'clean')];
    const message = await messageOf(assertNoSecretIn(secrets, places));
    assert.equal(
      message,
      'A secret is where it must not be:\n  the token, clear, in a log\n  the password, hex, in a file',
    );
  });

  it('does not repeat a secret that is in the name of a place', async () => {
    const message = await messageOf(assertNoSecretIn(secrets, [place(`/tmp/${value}`, other)]));
    assert.ok(!message.includes(value.slice(0, 31)));
    assert.match(message, /the token, clear, in \(a place with a secret in its name\)/);
    assert.match(message, /the password, clear, in \(a place with a secret in its name\)/);
  });

  it('tells a hundred findings and counts the others', async () => {
    const places = Array.from({ length: 130 }, (_, i) => place(`file ${i}`, value));
    const lines = (await messageOf(assertNoSecretIn(secrets, places))).split('\n');
    assert.equal(lines.length, 102);
    assert.equal(lines.at(-1), '  and 30 more');
    assert.equal((await findSecretsIn(secrets, places)).findings.length, 130);
  });

  it('refuses a scan of nothing', async () => {
    const clean = [place('a', '1')];
    assert.match(await messageOf(assertNoSecretIn([], clean)), /no secret to look for/);
    assert.match(await messageOf(assertNoSecretIn(secrets)), /no place to look at/);
    assert.match(
      await messageOf(assertNoSecretIn(secrets, clean, [])),
      /Number 2 of the places is none at all/,
    );
    assert.match(await messageOf(assertNoSecretIn(secrets, [place('a', '')])), /All places are empty/);
  });
});
