import assert from 'node:assert/strict';
import { safeValue } from '../../src/log/logger.js';
import { Secret } from '../../src/log/secret.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

describe('createLogger', () => {
  let log: CapturedLog;

  beforeEach(() => {
    log = captureLog('info');
  });

  afterEach(() => log.close());

  it('writes one JSON line with level, time, fields and message', () => {
    log.logger.info({ store: 'main', connections: 3 }, 'refreshed');
    const [line, ...others] = log.lines();
    assert.deepEqual(others, []);
    assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(
      { ...line, time: undefined },
      { level: 'info', time: undefined, store: 'main', connections: 3, msg: 'refreshed' },
    );
  });

  it('writes a message without fields', () => {
    log.logger.warn('no fields');
    assert.deepEqual(
      log.lines().map(({ level, msg }) => [level, msg]),
      [['warn', 'no fields']],
    );
  });

  it('does not write events below its level', () => {
    log.logger.debug({}, 'not this');
    assert.equal(log.text(), '');
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS).filter(([, of]) => isError(of()))) {
    it(`writes at most the class name of ${what}, in any argument`, () => {
      const error = make() as Error;
      log.logger.error(error);
      log.logger.error(error, 'with a message');
      log.logger.error({ err: error });
      log.logger.error({ error, list: [error], deep: { error } }, 'with a message');
      log.logger.error({}, 'with %s', error);
      assert.equal(log.lines().length, 5);
      assert.ok(!log.text().includes(SECRET), log.text());
    });
  }

  it('drops a Secret, including its placeholder', () => {
    log.logger.info({ password: new Secret(SECRET), nested: { token: new Secret(SECRET) } }, 'x');
    assert.ok(!log.text().includes(SECRET));
    assert.deepEqual(log.lines()[0]?.['nested'], {});
  });

  it('redacts the output of a child logger, too', () => {
    log.logger
      .child({ registry: 'eu', password: new Secret(SECRET) })
      .info({ error: new Error(SECRET) }, 'x');
    assert.ok(!log.text().includes(SECRET), log.text());
    assert.equal(log.lines()[0]?.['registry'], 'eu');
  });
});

describe('safeValue', () => {
  class Owner {
    readonly token = SECRET;
  }

  for (const { title, value, expected } of [
    { title: 'a string', value: 'text', expected: 'text' },
    { title: 'a number', value: 1.5, expected: 1.5 },
    { title: 'true', value: true, expected: true },
    { title: 'null', value: null, expected: null },
    { title: 'a bigint as a string', value: 2n ** 70n, expected: '1180591620717411303424' },
    { title: 'a list', value: [1, 'two', [3]], expected: [1, 'two', [3]] },
    { title: 'a plain object', value: { a: { b: 1 } }, expected: { a: { b: 1 } } },
    {
      title: 'an object without prototype',
      value: Object.assign(Object.create(null) as object, { a: 1 }),
      expected: { a: 1 },
    },
    { title: 'the class name of an error', value: new RangeError(SECRET), expected: { error: 'RangeError' } },
    { title: 'nothing of a Secret', value: new Secret(SECRET), expected: undefined },
    { title: 'nothing of an object with a class', value: new Owner(), expected: undefined },
    { title: 'nothing of a buffer', value: Buffer.from(SECRET), expected: undefined },
    { title: 'nothing of a map', value: new Map([['token', SECRET]]), expected: undefined },
    { title: 'nothing of a function', value: () => SECRET, expected: undefined },
    { title: 'nothing of a symbol', value: Symbol(SECRET), expected: undefined },
    { title: 'nothing of undefined', value: undefined, expected: undefined },
  ] as const) {
    it(`shows ${title}`, () => assert.deepEqual(safeValue(value, 4), expected));
  }

  it('truncates a string to 1,000 characters', () => {
    assert.equal(safeValue('x'.repeat(1000), 4), 'x'.repeat(1000));
    assert.equal(safeValue('x'.repeat(1001), 4), `${'x'.repeat(999)}…`);
  });

  it('shows at most 50 items and 50 fields', () => {
    const items = Array.from({ length: 51 }, (_, index) => index);
    assert.equal((safeValue(items, 4) as unknown[]).length, 50);
    const fields = Object.fromEntries(items.map((index) => [`field_${index}`, index]));
    assert.equal(Object.keys(safeValue(fields, 4) as object).length, 50);
  });

  it('shows at most 4 levels, also of an object that contains itself', () => {
    assert.deepEqual(safeValue({ a: { b: { c: { d: {} } } } }, 4), { a: { b: { c: { d: undefined } } } });
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    assert.deepEqual(safeValue(circle, 1), { self: undefined });
  });
});

function isError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
