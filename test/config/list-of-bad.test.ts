import assert from 'node:assert/strict';
import { join } from 'node:path';

import { GOLDEN_FOLDER, isUpdating, readSections } from '../golden/assert-golden.js';

/** What can be wrong with a configuration, and the test of it. Not here: what AWS or Temporal alone can know. */
const LIST: Readonly<Record<string, string>> = {
  'a missing file': 'a file that is no configuration is refused when it is missing, and the example is named',
  'an unreadable file': 'a file that is no configuration is refused when it may not be read',
  'an empty file': 'a file that is no configuration is refused when it is empty, and the example is named',
  'a file that is not UTF-8': 'a file that is no configuration is refused when it is not UTF-8',
  'a byte order mark before something wrong':
    'a bad configuration is refused as well with a byte order mark and the line ends of Windows, the right line named',
  'a YAML syntax error': 'a configuration that is no plain YAML is refused for an open quote',
  'a JSON syntax error': 'a configuration that is no plain YAML is refused for JSON cut short',
  'a duplicate key': 'a configuration that is no plain YAML is refused for a duplicate key',
  'an unknown key': 'a configuration of another form is refused for a mistyped key',
  'a wrong type': 'a configuration of another form is refused for airflows that are no list',
  null: 'a configuration of another form is refused for an empty name',
  'an empty list': 'a configuration of another form is refused for an empty list of airflows',
  'a file that is too large': 'a file that is no configuration is refused beyond 256 KiB',
  'an alias bomb': 'a bad configuration is refused at once when its aliases would fill the memory',
  'an unsupported version': 'a configuration of another form is refused for another version',
  'a missing URL': 'a configuration of another form is refused for no URL',
  'a URL without https':
    'a configuration with addresses that cannot be used is refused for a URL of http:// beyond loopback',
  'a URL with credentials':
    'a configuration with addresses that cannot be used is refused for a URL with user and password',
  'a URL with a query':
    'a configuration with addresses that cannot be used is refused for a URL with a query',
  'a URL with a fragment':
    'a configuration with addresses that cannot be used is refused for a URL with an empty fragment',
  'a link-local URL':
    'a configuration with addresses that cannot be used is refused for a URL of the metadata address',
  'a URL with the path of the API':
    'a configuration with addresses that cannot be used is refused for a URL that ends in /api/v1',
  'a duplicate name of an airflow':
    'a configuration that says something twice is refused for a name of an airflow twice',
  'an unused registry':
    'a configuration with registries that can be a mistake has a warning of an entry that no connection names',
  'an unknown airflow':
    'a configuration with entries of registries in the wrong form is refused for a variable of an airflow that is unknown',
  'an unknown registry':
    'a configuration with entries of connections that say too little or too much is refused for an unknown registry',
  'missing auth': 'a configuration of another form is refused for no auth',
  'two auth methods':
    'a configuration with a way to sign in that cannot be used is refused for two ways to sign in, a password and a token',
  'a secret in plain text':
    'a configuration without a usable password is refused for a password in clear, as text',
  'an unset variable': 'a configuration without a usable password is refused for a variable that is not set',
  'an empty variable': 'a configuration without a usable password is refused for a variable that is empty',
  'a missing secret file': 'a configuration without a usable password is refused for a file that is missing',
  'a world-readable secret file':
    'a file that holds a password is used with a warning when everybody may read it, as by default in Kubernetes',
  'a newline at the end of a secret':
    'a configuration that can be a mistake raises a warning for a password that `echo` has given a newline',
  'an account without 12 digits':
    'a configuration with entries of registries in the wrong form is refused for an account of 11 digits',
  'an unknown region':
    'a configuration with registries that can be a mistake has a warning of a region that is unknown',
  'a host of another partition':
    'a configuration with hosts of registries that cannot be used is refused for a registryHost of another partition than its region',
  'a role of another partition':
    'a configuration with credentials that make no sense is refused for a role of another partition',
  'a registry host that contradicts account and region':
    "a configuration with hosts of registries that cannot be used is refused for a registryHost of ECR's own with a port",
  'a malformed role ARN':
    'a configuration with credentials that make no sense is refused for a role without an account',
  'an external id without a role':
    'a configuration with credentials that make no sense is refused for externalId without roleArn',
  'an empty connection id': 'a configuration of another form is refused for an empty connection id',
  'a connection id with illegal characters':
    'a configuration of another form is refused for a connection id with a slash',
  'an id twice': 'a configuration that says something twice is refused for a connection twice',
  'an id twice with different registries':
    'a configuration whose entries pick one connection twice is refused for an id twice, once with options',
  'overlapping patterns':
    'a configuration whose patterns overlap raises a warning for a pattern after another that may match the same',
  'an interval with little margin':
    'a configuration with a schedule that cannot be kept is refused for a schedule every 11 h',
  'an interval below 3 min':
    'a configuration with a schedule that cannot be kept is refused for a schedule every 179 s',
  'an interval above the life of a token':
    'a configuration with a schedule that cannot be kept is refused for a schedule every 13 h',
  'a jitter of the interval':
    'a configuration with a schedule that cannot be kept is refused for a schedule with jitter of the interval',
  'a negative retry time':
    'a configuration with a schedule that cannot be kept is refused for a schedule that retries for a negative time',
  'bad cron': 'a configuration with a schedule that cannot be kept is refused for a schedule with minute 61',
  'a time zone':
    'a configuration with a schedule that cannot be kept is refused for a schedule with a time zone',
  'an empty task queue': 'a configuration of another form is refused for a task queue of 0 characters',
  'an invalid CA file': 'the authorities of an airflow are refused when the file holds no certificate in PEM',
  'a relative path of a socket':
    'a configuration with an engine that this release does not reach is refused for the engine unix://x.sock',
};

describe('the list of bad configurations', () => {
  const files = ['bad-configurations.txt', 'configuration-warnings.txt'];
  const messages = new Map(files.flatMap((file) => [...readSections(join(GOLDEN_FOLDER, file))]));

  before(function () {
    // The files may be written only after this test.
    if (isUpdating()) this.skip();
  });

  for (const [entry, title] of Object.entries(LIST)) {
    it(`has a message for ${entry}`, () => assert.ok(messages.has(title), title));
  }
});
