import assert from 'node:assert/strict';
import { join } from 'node:path';

import { GOLDEN_FOLDER, isUpdating, readSections } from '../golden/assert-golden.js';

/** Mistakes in a configuration and their tests. Not listed: mistakes that only AWS or Temporal can detect. */
const LIST: Readonly<Record<string, string>> = {
  'a missing file': 'loadConfig: the file is rejected when it is missing, and the fix names the example',
  'an unreadable file': 'loadConfig: the file is rejected when it cannot be read',
  'an empty file': 'loadConfig: the file is rejected when it is empty, and the fix names the example',
  'a file that is not UTF-8': 'loadConfig: the file is rejected when it is not UTF-8',
  'an error after a byte order mark':
    'loadConfig: problems reports the correct line with a byte order mark and Windows line endings',
  'a YAML syntax error': 'loadConfig: YAML syntax rejects an open quote',
  'a JSON syntax error': 'loadConfig: YAML syntax rejects truncated JSON',
  'a duplicate key': 'loadConfig: YAML syntax rejects a duplicate key',
  'an unknown key': 'loadConfig: structure rejects a mistyped key',
  'a wrong type': 'loadConfig: structure rejects airflows that is not a list',
  null: 'loadConfig: structure rejects an empty name',
  'an empty list': 'loadConfig: structure rejects an empty list of airflows',
  'a file that is too large': 'loadConfig: the file is rejected when it is larger than 256 KiB',
  'an alias bomb': 'loadConfig: problems rejects an alias bomb',
  'an unsupported version': 'loadConfig: structure rejects an unsupported version',
  'a missing URL': 'loadConfig: structure rejects a missing URL',
  'a URL without https': 'loadConfig: Airflow URLs rejects a URL with http:// for another host than loopback',
  'a URL with credentials': 'loadConfig: Airflow URLs rejects a URL with user name and password',
  'a URL with a query': 'loadConfig: Airflow URLs rejects a URL with a query',
  'a URL with a fragment': 'loadConfig: Airflow URLs rejects a URL with an empty fragment',
  'a link-local URL': 'loadConfig: Airflow URLs rejects a URL with the metadata address',
  'a URL with the API path': 'loadConfig: Airflow URLs rejects a URL that ends in /api/v1',
  'a duplicate Airflow name': 'loadConfig: duplicates rejects a duplicate Airflow name',
  'an unused registry':
    'loadConfig: warnings about registries warns about an entry that no connection refers to',
  'an unknown Airflow name':
    'loadConfig: entries of registries rejects an Airflow Variable of an unknown entry of airflows',
  'an unknown registry': 'loadConfig: entries of connections rejects an unknown registry',
  'missing auth': 'loadConfig: structure rejects missing auth',
  'two auth methods': 'loadConfig: authentication rejects a password together with a token',
  'a secret in plain text': 'loadConfig: passwords rejects a password in plain text, as text',
  'an unset variable': 'loadConfig: passwords rejects a variable that is not set',
  'an empty variable': 'loadConfig: passwords rejects an empty variable',
  'a missing secret file': 'loadConfig: passwords rejects a missing file',
  'a world-readable secret file':
    'a password file raises a warning when it is world-readable, as by default in Kubernetes',
  'a newline at the end of a secret':
    'loadConfig: a probable mistake warns about a password with a newline at its end, as `echo` adds it',
  'an account without 12 digits': 'loadConfig: entries of registries rejects an account of 11 digits',
  'an unknown region': 'loadConfig: warnings about registries warns about an unknown region',
  'a host in another partition':
    'loadConfig: registryHost rejects a registryHost of ECR in another partition than its region',
  'a role in another partition': 'loadConfig: credentials of registries rejects a role in another partition',
  'a registry host that contradicts account and region':
    'loadConfig: registryHost rejects a registryHost of ECR with a port',
  'a malformed role ARN': 'loadConfig: credentials of registries rejects a role ARN without an account',
  'an external id without a role': 'loadConfig: credentials of registries rejects externalId without roleArn',
  'an empty connection id': 'loadConfig: structure rejects an empty connection id',
  'a connection id with invalid characters': 'loadConfig: structure rejects a connection id with a slash',
  'a duplicate id': 'loadConfig: duplicates rejects a duplicate connection',
  'a duplicate id with another registry':
    'loadConfig: duplicate connections rejects a duplicate id, once with options',
  'overlapping patterns':
    'loadConfig: overlapping patterns warns about a pattern after another that can match the same ids',
  'an interval with little margin': 'loadConfig: schedule rejects a schedule with an interval of 11 h',
  'an interval below 3 min': 'loadConfig: schedule rejects a schedule with an interval of 179 s',
  'an interval above the lifetime of a token':
    'loadConfig: schedule rejects a schedule with an interval of 13 h',
  'jitter of the whole interval': 'loadConfig: schedule rejects a schedule with jitter of the interval',
  'a negative retryFor': 'loadConfig: schedule rejects a schedule with a negative retryFor',
  'invalid cron': 'loadConfig: schedule rejects a schedule with cron at minute 61',
  'a time zone': 'loadConfig: schedule rejects a schedule with a time zone',
  'an empty task queue': 'loadConfig: structure rejects a task queue of 0 characters',
  'an invalid CA file': 'loadConfig: caFile is rejected when the file has no PEM certificate',
  'a relative socket path': 'loadConfig: URLs of engines rejects the engine "unix://x.sock"',
};

describe('the list of invalid configurations', () => {
  const files = ['bad-configurations.txt', 'configuration-warnings.txt'];
  const messages = new Map(files.flatMap((file) => [...readSections(join(GOLDEN_FOLDER, file))]));

  before(function () {
    // The files may not be written before this test.
    if (isUpdating()) this.skip();
  });

  for (const [entry, title] of Object.entries(LIST)) {
    it(`has a message for ${entry}`, () => assert.ok(messages.has(title), title));
  }
});
