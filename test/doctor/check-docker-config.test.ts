import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

import { checkDockerConfig } from '../../src/doctor/check-docker-config.js';
import { dockerConfigPaths } from '../../src/doctor/docker-config.js';
import type { Check } from '../../src/doctor/check.js';
import { asOrdinaryUser, CANARY } from '../config/config-folder.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const AUTH = { auth: Buffer.from(`AWS:${CANARY}`).toString('base64') };

describe('checkDockerConfig', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'ecr-refresh-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function write(content: string, name = '.docker/config.json', mode = 0o600): string {
    const path = join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  function check(registries = [HOST], env: NodeJS.ProcessEnv = {}): Check[] {
    const checks = checkDockerConfig(registries, { HOME: home, PATH: join(home, 'bin'), ...env });
    const shown = JSON.stringify(checks);
    assert.ok(!shown.includes(CANARY) && !shown.includes(AUTH.auth), 'shows a secret');
    return checks;
  }

  /** The single check of a file with this content. */
  function checkFile(config: unknown, registries?: string[]): Check {
    write(JSON.stringify(config));
    return getOnlyCheck(check(registries));
  }

  function getOnlyCheck(checks: readonly Check[]): Check {
    assert.equal(checks.length, 1, JSON.stringify(checks));
    return checks[0] as Check;
  }

  function assertOk(config: unknown): void {
    assert.deepEqual(checkFile(config), {
      id: 'docker-config',
      target: `Docker configuration ${join(home, '.docker/config.json')}`,
      outcome: 'ok',
      message: 'overrides no connection',
      remedy: null,
    });
  }

  function assertFails(config: unknown, message: RegExp): void {
    const found = checkFile(config);
    assert.equal(found.outcome, 'warning');
    assert.match(found.message, message);
    assert.match(found.message, /if Airflow tasks run on this machine as this user, docker-py raises/);
    assert.match(found.remedy ?? '', /^Fix the file, or set DOCKER_CONFIG/);
  }

  describe('selects the file', () => {
    it('and reports that there is none', () => {
      assert.deepEqual(getOnlyCheck(check()), {
        id: 'docker-config',
        target: 'Docker configuration',
        outcome: 'ok',
        message: 'not found for this user on this machine',
        remedy: null,
      });
    });

    it('and reads nothing if there are no connections', () => {
      write(JSON.stringify({ credsStore: 'pass' }));
      assert.equal(getOnlyCheck(check([])).outcome, 'skipped');
    });

    it('in DOCKER_CONFIG before the one in the home folder', () => {
      write(JSON.stringify({ credsStore: 'pass' }));
      const path = write('{}', 'own/config.json');
      const found = getOnlyCheck(check([HOST], { DOCKER_CONFIG: join(home, 'own') }));
      assert.equal(found.target, `Docker configuration ${path}`);
      assert.equal(found.outcome, 'ok');
    });

    it('in the home folder if DOCKER_CONFIG has none', () => {
      const path = write('{}');
      const found = getOnlyCheck(check([HOST], { DOCKER_CONFIG: join(home, 'own') }));
      assert.equal(found.target, `Docker configuration ${path}`);
    });

    it('~/.dockercfg, with the same keys, only if there is no other', () => {
      const old = write(JSON.stringify({ credsStore: 'pass' }), '.dockercfg');
      const found = getOnlyCheck(check());
      assert.equal(found.target, `Docker configuration ${old}`);
      assert.equal(found.outcome, 'warning');
      write('');
      assert.equal(getOnlyCheck(check()).outcome, 'ok');
    });

    it('but not in the current folder if DOCKER_CONFIG is empty', () => {
      const paths = ['/home/x/.docker/config.json', '/home/x/.dockercfg'];
      assert.deepEqual(dockerConfigPaths({ HOME: '/home/x', DOCKER_CONFIG: '' }), paths);
    });

    it('in the home folder of the account if HOME is not set', () => {
      const { homedir } = userInfo();
      assert.deepEqual(dockerConfigPaths({}), [
        join(homedir, '.docker/config.json'),
        join(homedir, '.dockercfg'),
      ]);
    });
  });

  describe('a credential helper', () => {
    const HELPER = 'bin/docker-credential-ecr-login';

    it('in credHelpers for the host of a connection overrides it', () => {
      write('', HELPER, 0o755);
      const found = checkFile({ credHelpers: { [HOST]: 'ecr-login' } });
      assert.equal(found.outcome, 'warning');
      assert.equal(
        found.message,
        `the entry "${HOST}" of \`credHelpers\` names docker-credential-ecr-login for ${HOST}: if Airflow tasks run on this machine as this user, they pull with the credentials of the helper, and use the connection only if the helper has none`,
      );
      assert.match(found.remedy ?? '', new RegExp(`^Remove the entry "${HOST}" of \`credHelpers\`, or set`));
      assert.match(found.remedy ?? '', /No action needed if no Airflow tasks run here as this user\.$/);
    });

    it('that is not on PATH makes tasks fail with a misleading message', () => {
      const found = checkFile({ credHelpers: { [HOST]: 'ecr-login' } });
      assert.equal(found.outcome, 'warning');
      assert.match(
        found.message,
        /they fail with "Failed to establish connection .*", because the helper is not on PATH/,
      );
    });

    it('counts as not on PATH if it is a folder or not executable', () => {
      mkdirSync(join(home, HELPER), { recursive: true });
      assert.match(checkFile({ credHelpers: { [HOST]: 'ecr-login' } }).message, /not on PATH/);
      rmSync(join(home, HELPER), { recursive: true });
      write('', HELPER, 0o644);
      assert.match(checkFile({ credHelpers: { [HOST]: 'ecr-login' } }).message, /not on PATH/);
    });

    it('is never run', () => {
      const trace = join(home, 'trace');
      write(`#!/bin/sh\ntouch ${trace}\n`, HELPER, 0o755);
      checkFile({ credsStore: 'ecr-login' });
      assert.ok(!existsSync(trace));
    });

    it('is ignored for another host, or a key with https:// or upper-case letters', () => {
      assertOk({
        credHelpers: { [OTHER]: 'a', [`https://${HOST}`]: 'b', [HOST.toUpperCase()]: 'c' },
      });
    });

    it('has one line per host of a connection', () => {
      write(JSON.stringify({ credHelpers: { [HOST]: 'a', [OTHER]: 'b' } }));
      const messages = check([HOST, OTHER]).map(({ message }) => message);
      assert.equal(messages.length, 2);
      assert.match(messages[0] ?? '', /docker-credential-a for 123456789012\.dkr\.ecr\.us-east-1/);
      assert.match(messages[1] ?? '', /docker-credential-b for 123456789012\.dkr\.ecr\.eu-west-1/);
    });

    it('in credsStore overrides the connections of every host', () => {
      const found = checkFile({ credsStore: 'desktop' }, [HOST, OTHER]);
      assert.equal(found.outcome, 'warning');
      assert.match(
        found.message,
        new RegExp(`^\`credsStore\` names docker-credential-desktop for ${HOST}, ${OTHER}:`),
      );
      assert.match(found.remedy ?? '', /^Remove `credsStore`, or set DOCKER_CONFIG/);
    });

    it('in credsStore is ignored for a host in credHelpers', () => {
      write(JSON.stringify({ credsStore: 'desktop', credHelpers: { [HOST]: 'ecr-login' } }));
      assert.match(getOnlyCheck(check()).message, /^the entry .* names docker-credential-ecr-login/);
      const [, store, ...more] = check([HOST, OTHER]);
      assert.deepEqual(more, []);
      assert.match(store?.message ?? '', new RegExp(`docker-credential-desktop for ${OTHER}:`));
    });

    it('without a name is ignored, and credsStore applies to the host', () => {
      assertOk({ credHelpers: { [HOST]: '' }, credsStore: '' });
      const found = checkFile({ credHelpers: { [HOST]: null }, credsStore: 'pass' });
      assert.match(found.message, /^`credsStore` names docker-credential-pass/);
    });
  });

  describe('an entry of auths', () => {
    it('causes a warning for the host of a connection in any spelling of the key', () => {
      for (const key of [HOST, `https://${HOST}`, `http://${HOST}/v1/`]) {
        const found = checkFile({ auths: { [key]: AUTH } });
        assert.equal(found.outcome, 'warning');
        assert.match(found.message, new RegExp(`^\`auths\` has an entry for ${HOST}: if Airflow tasks run`));
        assert.match(found.message, /when the host of a connection is not exactly/);
        assert.match(found.remedy ?? '', /^Use the bare host .*, remove the entry from `auths`/);
      }
    });

    it('is also found in a file with only such entries', () => {
      assert.match(checkFile({ [HOST]: AUTH }).message, /^`auths` has an entry/);
      assert.match(checkFile({ auths: {}, [HOST]: AUTH }).message, /^`auths` has an entry/);
    });

    it('is ignored for another host', () => {
      assertOk({
        auths: { [OTHER]: AUTH, 'a.example.com': {}, 'b.example.com': { identitytoken: CANARY } },
      });
    });

    it('is not found in a file with only other settings', () => {
      assertOk({ currentContext: 'default', [HOST]: AUTH });
      assertOk({ HttpHeaders: { 'User-Agent': 'x' }, auths: {} });
    });

    it('is not found next to a helper of another host if the file has no auths', () => {
      assertOk({ credHelpers: { [OTHER]: 'ecr-login' }, [HOST]: AUTH });
    });
  });

  describe('a file that docker-py cannot parse', () => {
    it('overrides nothing if it is empty, truncated, starts with a byte order mark, or is a folder', () => {
      const path = write('');
      for (const text of ['', `{"auths": {"${CANARY}`, `\uFEFF{"credsStore": "pass"}`]) {
        writeFileSync(path, text);
        const { outcome, message } = getOnlyCheck(check());
        assert.equal(`${outcome} ${message.slice(0, 11)}`, 'ok is not JSON');
      }
      rmSync(path);
      mkdirSync(path);
      assert.equal(getOnlyCheck(check()).outcome, 'ok');
    });

    it('makes every task fail if it is not an object', () => {
      for (const config of [null, [], 'text', 5]) assertFails(config, /^is JSON but not an object/);
    });

    it('makes every task fail if auths is not an object', () => {
      for (const auths of ['text', [AUTH]]) assertFails({ auths }, /^has `auths` that is not an object/);
    });

    it('makes every task fail if an entry of auths is malformed, for any host', () => {
      const noColon = Buffer.from(CANARY).toString('base64');
      for (const auth of ['', null, noColon, `${AUTH.auth}A`]) {
        assertFails({ auths: { 'a.example.com': { auth } } }, /^has a malformed entry in `auths`/);
      }
      assertFails({ auths: { 'a.example.com': CANARY } }, /^has a malformed entry in `auths`/);
    });

    it('is accepted with line breaks in base64', () => {
      assertOk({ auths: { 'a.example.com': { auth: `${AUTH.auth}\n` } } });
    });

    it('makes every task fail if a helper is not a string', () => {
      assertFails({ credsStore: 5 }, /^has a `credsStore` that is not a string/);
      assertFails({ credHelpers: [HOST] }, /^has `credHelpers` that is not an object/);
      assertFails({ credHelpers: { [HOST]: 5 } }, /^has an entry in `credHelpers` that is not a string/);
    });

    it('is accepted if a malformed entry has an identity token', () => {
      assertOk({ auths: { 'a.example.com': { identitytoken: CANARY, auth: '' } } });
    });

    it('is accepted with empty lists', () => {
      assertOk({ auths: [], credsStore: [], credHelpers: [] });
      assertOk({ auths: [], credHelpers: { [OTHER]: 'ecr-login' } });
    });
  });

  describe('a file that cannot be read', () => {
    it('causes a warning, because the user of the tasks may be able to read it', () => {
      write(JSON.stringify({ credsStore: 'pass' }), undefined, 0);
      chmodSync(join(home, '.docker'), 0o755);
      asOrdinaryUser(home, () => {
        const { outcome, message, remedy } = getOnlyCheck(check());
        assert.equal(`${outcome}: ${message}`, 'warning: cannot be read (EACCES)');
        assert.match(remedy ?? '', /^Run `doctor` as the user of the Airflow tasks/);
      });
    });

    it('is not opened if it is a pipe or too large', () => {
      const path = write(' '.repeat(1024 * 1024 + 1));
      assert.equal(getOnlyCheck(check()).message, 'is larger than 1 MiB');
      rmSync(path);
      execFileSync('mkfifo', [path]);
      assert.equal(getOnlyCheck(check()).message, 'is not a regular file');
    });

    it('is read even if it is world-writable, because docker-py does not check that', () => {
      write(JSON.stringify({ credsStore: 'pass' }), undefined, 0o666);
      assert.match(getOnlyCheck(check()).message, /^`credsStore` names/);
    });
  });
});
