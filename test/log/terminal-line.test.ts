import assert from 'node:assert/strict';
import { formatTerminalLine } from '../../src/log/terminal-line.js';

function format(fields: object): string {
  return formatTerminalLine(JSON.stringify({ level: 'info', time: '2026-01-01T18:04:05.678Z', ...fields }));
}

describe('a line of the log for a terminal', () => {
  it('has time, level, message and fields', () => {
    assert.equal(
      format({ version: '0.1.0', pid: 7, host: null, text: 'two words', msg: 'worker started' }),
      '18:04:05 info  worker started  version=0.1.0 pid=7 host=null text="two words"\n',
    );
    assert.equal(format({ msg: 'worker stopped' }), '18:04:05 info  worker stopped\n');
    assert.equal(format({ list: ['a', 'b'] }), '18:04:05 info    list=["a","b"]\n');
  });

  it('escapes what would control the terminal', () => {
    const line = format({ text: 'a\u001b[31m\nb\u009bc', msg: 'x' });
    assert.equal(line, '18:04:05 info  x  text="a\\u001b[31m\\nb\\u009bc"\n');
  });
});
