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

describe("Docker's configuration of this user", () => {
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

  /** The check of a file that holds this, which must have one line. */
  function checkOf(config: unknown, registries?: string[]): Check {
    write(JSON.stringify(config));
    return theOnly(check(registries));
  }

  function theOnly(checks: readonly Check[]): Check {
    assert.equal(checks.length, 1, JSON.stringify(checks));
    return checks[0] as Check;
  }

  function isHealthy(config: unknown): void {
    assert.deepEqual(checkOf(config), {
      name: `Docker configuration ${join(home, '.docker/config.json')}`,
      outcome: 'ok',
      message: 'overrides no connection',
    });
  }

  function fails(config: unknown, message: RegExp): void {
    const found = checkOf(config);
    assert.equal(found.outcome, 'warning');
    assert.match(found.message, message);
    assert.match(found.message, /if Airflow tasks run on this machine as this user, docker-py throws/);
    assert.match(found.remedy ?? '', /^Fix it, or set DOCKER_CONFIG/);
  }

  describe('which file counts', () => {
    it('is said to be none when there is none', () => {
      assert.deepEqual(theOnly(check()), {
        name: 'Docker configuration',
        outcome: 'ok',
        message: 'this user has none on this machine',
      });
    });

    it('is not asked when there is no connection', () => {
      write(JSON.stringify({ credsStore: 'pass' }));
      assert.deepEqual(check([]), []);
    });

    it('is that in DOCKER_CONFIG before that in the home folder', () => {
      write(JSON.stringify({ credsStore: 'pass' }));
      const path = write('{}', 'own/config.json');
      const found = theOnly(check([HOST], { DOCKER_CONFIG: join(home, 'own') }));
      assert.equal(found.name, `Docker configuration ${path}`);
      assert.equal(found.outcome, 'ok');
    });

    it('is that in the home folder when DOCKER_CONFIG has none', () => {
      const path = write('{}');
      const found = theOnly(check([HOST], { DOCKER_CONFIG: join(home, 'own') }));
      assert.equal(found.name, `Docker configuration ${path}`);
    });

    it('is ~/.dockercfg, with the same keys, only when there is no other', () => {
      const old = write(JSON.stringify({ credsStore: 'pass' }), '.dockercfg');
      const found = theOnly(check());
      assert.equal(found.name, `Docker configuration ${old}`);
      assert.equal(found.outcome, 'warning');
      write('');
      assert.equal(theOnly(check()).outcome, 'ok');
    });

    it('is none of the current folder when DOCKER_CONFIG is empty', () => {
      const paths = ['/home/x/.docker/config.json', '/home/x/.dockercfg'];
      assert.deepEqual(dockerConfigPaths({ HOME: '/home/x', DOCKER_CONFIG: '' }), paths);
    });

    it('lies in the home folder of the account when HOME is not set', () => {
      const { homedir } = userInfo();
      assert.deepEqual(dockerConfigPaths({}), [
        join(homedir, '.docker/config.json'),
        join(homedir, '.dockercfg'),
      ]);
    });
  });

  describe('a helper', () => {
    const HELPER = 'bin/docker-credential-ecr-login';

    it('in credHelpers for the host of a connection overrides it', () => {
      write('', HELPER, 0o755);
      const found = checkOf({ credHelpers: { [HOST]: 'ecr-login' } });
      assert.equal(found.outcome, 'warning');
      assert.equal(
        found.message,
        `the entry "${HOST}" of \`credHelpers\` names docker-credential-ecr-login for ${HOST}: if Airflow tasks run on this machine as this user, they pull with what it answers, and with the connection only where that has nothing`,
      );
      assert.match(found.remedy ?? '', new RegExp(`^Remove the entry "${HOST}" of \`credHelpers\`, or set`));
      assert.match(found.remedy ?? '', /It does not matter if no Airflow tasks run here as this user\.$/);
    });

    it('that is not on PATH makes tasks fail, with a message that points elsewhere', () => {
      const found = checkOf({ credHelpers: { [HOST]: 'ecr-login' } });
      assert.equal(found.outcome, 'warning');
      assert.match(
        found.message,
        /they fail with "Failed to establish connection .*", since it is not on PATH/,
      );
    });

    it('counts as not on PATH when it is a folder, or may not be run', () => {
      mkdirSync(join(home, HELPER), { recursive: true });
      assert.match(checkOf({ credHelpers: { [HOST]: 'ecr-login' } }).message, /not on PATH/);
      rmSync(join(home, HELPER), { recursive: true });
      write('', HELPER, 0o644);
      assert.match(checkOf({ credHelpers: { [HOST]: 'ecr-login' } }).message, /not on PATH/);
    });

    it('is never run', () => {
      const trace = join(home, 'trace');
      write(`#!/bin/sh\ntouch ${trace}\n`, HELPER, 0o755);
      checkOf({ credsStore: 'ecr-login' });
      assert.ok(!existsSync(trace));
    });

    it('of another host, of a host with https:// or in capitals does not matter', () => {
      isHealthy({ credHelpers: { [OTHER]: 'a', [`https://${HOST}`]: 'b', [HOST.toUpperCase()]: 'c' } });
    });

    it('has a line for each host of a connection', () => {
      write(JSON.stringify({ credHelpers: { [HOST]: 'a', [OTHER]: 'b' } }));
      const messages = check([HOST, OTHER]).map(({ message }) => message);
      assert.equal(messages.length, 2);
      assert.match(messages[0] ?? '', /docker-credential-a for 123456789012\.dkr\.ecr\.us-east-1/);
      assert.match(messages[1] ?? '', /docker-credential-b for 123456789012\.dkr\.ecr\.eu-west-1/);
    });

    it('in credsStore overrides the connections of every host', () => {
      const found = checkOf({ credsStore: 'desktop' }, [HOST, OTHER]);
      assert.equal(found.outcome, 'warning');
      assert.match(
        found.message,
        new RegExp(`^\`credsStore\` names docker-credential-desktop for ${HOST}, ${OTHER}:`),
      );
      assert.match(found.remedy ?? '', /^Remove `credsStore`, or set DOCKER_CONFIG/);
    });

    it('in credsStore does not matter for a host that credHelpers names', () => {
      write(JSON.stringify({ credsStore: 'desktop', credHelpers: { [HOST]: 'ecr-login' } }));
      assert.match(theOnly(check()).message, /^the entry .* names docker-credential-ecr-login/);
      const [, store, ...more] = check([HOST, OTHER]);
      assert.deepEqual(more, []);
      assert.match(store?.message ?? '', new RegExp(`docker-credential-desktop for ${OTHER}:`));
    });

    it('without a name is none, and leaves the host to credsStore', () => {
      isHealthy({ credHelpers: { [HOST]: '' }, credsStore: '' });
      const found = checkOf({ credHelpers: { [HOST]: null }, credsStore: 'pass' });
      assert.match(found.message, /^`credsStore` names docker-credential-pass/);
    });
  });

  describe('an entry of auths', () => {
    it('is warned of for the host of a connection, however its key is written', () => {
      for (const key of [HOST, `https://${HOST}`, `http://${HOST}/v1/`]) {
        const found = checkOf({ auths: { [key]: AUTH } });
        assert.equal(found.outcome, 'warning');
        assert.match(found.message, new RegExp(`^\`auths\` has an entry of ${HOST}: if Airflow tasks run`));
        assert.match(found.message, /where the host of a connection is written other than/);
        assert.match(found.remedy ?? '', /^Write the connection's host so, or remove the entry from `auths`/);
      }
    });

    it('is one in a file of such entries alone, too', () => {
      assert.match(checkOf({ [HOST]: AUTH }).message, /^`auths` has an entry/);
      assert.match(checkOf({ auths: {}, [HOST]: AUTH }).message, /^`auths` has an entry/);
    });

    it('does not matter for another host', () => {
      isHealthy({
        auths: { [OTHER]: AUTH, 'a.example.com': {}, 'b.example.com': { identitytoken: CANARY } },
      });
    });

    it('is none in a file with other settings alone', () => {
      isHealthy({ currentContext: 'default', [HOST]: AUTH });
      isHealthy({ HttpHeaders: { 'User-Agent': 'x' }, auths: {} });
    });

    it('is none beside a helper of another host when the file has no auths', () => {
      isHealthy({ credHelpers: { [OTHER]: 'ecr-login' }, [HOST]: AUTH });
    });
  });

  describe('a file that docker-py does not understand', () => {
    it('overrides nothing when it is empty, broken, begins with a byte order mark, or is a folder', () => {
      const path = write('');
      for (const text of ['', `{"auths": {"${CANARY}`, `\uFEFF{"credsStore": "pass"}`]) {
        writeFileSync(path, text);
        const { outcome, message } = theOnly(check());
        assert.equal(`${outcome} ${message.slice(0, 13)}`, 'ok holds no JSON');
      }
      rmSync(path);
      mkdirSync(path);
      assert.equal(theOnly(check()).outcome, 'ok');
    });

    it('makes every task fail when it is no object', () => {
      for (const config of [null, [], 'text', 5]) fails(config, /^is JSON, but no object/);
    });

    it('makes every task fail when auths are no object', () => {
      for (const auths of ['text', [AUTH]]) fails({ auths }, /^has `auths` that are no object/);
    });

    it('makes every task fail when an entry of auths is malformed, whichever host it is of', () => {
      const noColon = Buffer.from(CANARY).toString('base64');
      for (const auth of ['', null, noColon, `${AUTH.auth}A`]) {
        fails({ auths: { 'a.example.com': { auth } } }, /^has an entry of `auths` that is malformed/);
      }
      fails({ auths: { 'a.example.com': CANARY } }, /^has an entry of `auths` that is malformed/);
    });

    it('is understood when base64 is broken into lines', () => {
      isHealthy({ auths: { 'a.example.com': { auth: `${AUTH.auth}\n` } } });
    });

    it('makes every task fail when a helper is no name', () => {
      fails({ credsStore: 5 }, /^has a `credsStore` that is no name/);
      fails({ credHelpers: [HOST] }, /^has `credHelpers` that are no object/);
      fails({ credHelpers: { [HOST]: 5 } }, /^has an entry of `credHelpers` that is no name/);
    });

    it('is understood when an identity token stands beside what is malformed', () => {
      isHealthy({ auths: { 'a.example.com': { identitytoken: CANARY, auth: '' } } });
    });

    it('takes empty lists for nothing', () => {
      isHealthy({ auths: [], credsStore: [], credHelpers: [] });
      isHealthy({ auths: [], credHelpers: { [OTHER]: 'ecr-login' } });
    });
  });

  describe('a file that cannot be read', () => {
    it('is warned of, since the user of the tasks may be able to', () => {
      write(JSON.stringify({ credsStore: 'pass' }), undefined, 0);
      chmodSync(join(home, '.docker'), 0o755);
      asOrdinaryUser(home, () => {
        const { outcome, message, remedy } = theOnly(check());
        assert.equal(`${outcome}: ${message}`, 'warning: cannot be read (EACCES)');
        assert.match(remedy ?? '', /^Run `doctor` as the user of Airflow's tasks/);
      });
    });

    it('is not read when it is a pipe, or huge', () => {
      const path = write(' '.repeat(1024 * 1024 + 1));
      assert.equal(theOnly(check()).message, 'is larger than 1 MiB');
      rmSync(path);
      execFileSync('mkfifo', [path]);
      assert.equal(theOnly(check()).message, 'is no plain file');
    });

    it('is read when everybody may write it: docker-py does not look at that', () => {
      write(JSON.stringify({ credsStore: 'pass' }), undefined, 0o666);
      assert.match(theOnly(check()).message, /^`credsStore` names/);
    });
  });
});
