import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { loadConfig } from '../../src/config/load.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { CANARY, edit, ENV, VALID, useConfigFolder } from './config-folder.js';

describe('ConfigStore', () => {
  const write = useConfigFolder();
  const second = edit('docker_default', 'docker_default, b');
  const third = edit('docker_default', 'docker_default, b, c');

  function open(text: string): ConfigStore {
    return new ConfigStore(loadConfig(write(text), ENV), { env: ENV });
  }

  it('keeps the same object while the content is the same', () => {
    const store = open(VALID);
    const first = store.current;
    write(`# a comment\n${VALID}`);
    assert.deepEqual(store.reread(), { config: first });
    assert.equal(store.reread().config, first);
    assert.equal(store.current, first);
  });

  it('picks up an edit', () => {
    const store = open(VALID);
    write(second);
    const picked = store.reread().config.stores[0]?.connections;
    assert.deepEqual(
      picked?.map((rule) => rule.kind === 'id' && rule.id),
      ['docker_default', 'b'],
    );
    assert.equal(store.current, store.reread().config);
  });

  it('keeps the last good configuration when an edit is invalid, and describes the problem in one line', () => {
    const store = open(VALID);
    const good = store.current;
    const path = write(edit('{env: AIRFLOW_PASSWORD}', CANARY).replace('docker_default', 'a b'));
    const { config, problem } = store.reread();
    assert.equal(config, good);
    assert.match(
      problem ?? '',
      /^[^\n]*:5 airflows\[0\]\.auth\.password: must not be in plain text[^\n]* \(and 1 more\)$/,
    );
    assert.ok(problem?.startsWith(path));
    assert.ok(!problem?.includes(CANARY));
  });

  it('keeps the last good configuration when the file is missing', () => {
    const store = open(VALID);
    rmSync(store.current.path);
    assert.match(store.reread().problem ?? '', /does not exist/);
    write(VALID);
    assert.equal(store.reread().problem, undefined);
  });

  it('finds the current and the previous configuration by hash without reading the file', () => {
    const store = open(VALID);
    const first = store.current;
    write(second);
    const current = store.reread().config;
    rmSync(current.path);
    assert.equal(store.byHash(first.hash), first);
    assert.equal(store.byHash(current.hash), current);
  });

  it('reads the file again for an unknown hash', () => {
    const store = open(VALID);
    const path = write(second);
    const expected = loadConfig(path, ENV).hash;
    assert.equal(store.byHash(expected)?.hash, expected);
    assert.equal(store.current.hash, expected);
  });

  it('finds no configuration for a hash that the file does not have either', () => {
    const store = open(VALID);
    const first = store.current;
    assert.equal(store.byHash('000000000000'), undefined);
    write('version: 2');
    assert.equal(store.byHash('000000000000'), undefined);
    assert.equal(store.current, first);
  });

  it('does not accept an edit while it looks for the configuration of another run', () => {
    const store = open(VALID);
    const first = store.current;
    write(second);
    assert.equal(store.byHash('000000000000'), undefined);
    assert.equal(store.current, first);
  });

  describe('in a run of a schedule', () => {
    const moved = edit('https://airflow.example.com', 'https://moved.example.com');
    const scheduled = [{ name: 'main', deployment: 'https://airflow.example.com' }];

    it('keeps the last good configuration when an edit has none of the stores of the schedule', () => {
      const store = open(VALID);
      const good = store.current;
      const path = write(moved);
      const { config, problem, remedy } = store.reread(scheduled);
      assert.equal(config, good);
      assert.equal(
        problem,
        `${path}: schedule ecr-refresh belongs to another deployment: it refreshes ` +
          'main (https://airflow.example.com), and the configuration has main (https://moved.example.com)',
      );
      assert.match(remedy ?? '', /`schedule apply --replace`/);
    });

    it('accepts the edit once the schedule was replaced', () => {
      const store = open(VALID);
      write(moved);
      store.reread(scheduled);
      const replaced = [{ name: 'main', deployment: 'https://moved.example.com' }];
      const { config, problem } = store.reread(replaced);
      assert.equal(problem, undefined);
      assert.match(JSON.stringify(config.stores), /moved/);
    });

    it('accepts an edit that keeps one of the stores', () => {
      const store = open(VALID);
      write(second);
      assert.deepEqual(store.reread(scheduled), { config: store.current });
      assert.equal(store.current.stores[0]?.connections.length, 2);
    });
  });

  it('drops the configuration before the previous one', () => {
    const store = open(VALID);
    const first = store.current;
    write(second);
    store.reread();
    write(third);
    store.reread();
    assert.equal(store.byHash(first.hash), undefined);
  });

  it('keeps the previous configuration after an edit that changes no setting', () => {
    const store = open(VALID);
    const first = store.current;
    write(second);
    store.reread();
    write(`# a comment\n${second}`);
    store.reread();
    assert.equal(store.byHash(first.hash), first);
  });

  it('returns the same object when an edit is reverted', () => {
    const store = open(VALID);
    const first = store.current;
    write(second);
    const edited = store.reread().config;
    write(VALID);
    assert.equal(store.reread().config, first);
    assert.equal(store.byHash(edited.hash), edited);
  });
});
