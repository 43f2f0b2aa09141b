import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { hideVariables, readEnvironment } from '../../src/log/secret-variables.js';

const NAMES = ['TEST_HIDDEN_PASSWORD', 'AWS_TEST_KEY', 'https_proxy', 'TEST_UNSET'];

describe('hideVariables', () => {
  beforeEach(() => {
    process.env['TEST_HIDDEN_PASSWORD'] = 'secret';
    process.env['AWS_TEST_KEY'] = 'key';
    process.env['https_proxy'] = 'http://proxy:3128';
    hideVariables(NAMES);
  });

  afterEach(() => {
    for (const name of NAMES) delete process.env[name];
  });

  it('takes a variable out of the environment of this process and of its child processes', () => {
    assert.equal(process.env['TEST_HIDDEN_PASSWORD'], undefined);
    assert.doesNotMatch(execFileSync('env', { encoding: 'utf8' }), /TEST_HIDDEN_PASSWORD|secret/);
  });

  it('keeps its value for this process, also when it is hidden again', () => {
    hideVariables(NAMES);
    assert.equal(readEnvironment()['TEST_HIDDEN_PASSWORD'], 'secret');
  });

  it('leaves those that libraries and other programs read', () => {
    assert.equal(process.env['AWS_TEST_KEY'], 'key');
    assert.equal(process.env['https_proxy'], 'http://proxy:3128');
  });

  it('does not invent one that is not set', () => {
    assert.ok(!Object.hasOwn(readEnvironment(), 'TEST_UNSET'));
  });
});
