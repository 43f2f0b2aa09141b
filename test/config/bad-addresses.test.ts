import type { ProblemCode } from '../../src/config/config-error.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, edit, VALID } from './config-folder.js';

function url(title: string, value: string, code: ProblemCode): InvalidConfig {
  const text = edit('https://airflow.example.com', value);
  return invalid(`a URL ${title}`, text, '4 airflows[0].url', code);
}

const ADDRESSES: InvalidConfig[] = [
  url('that is only a name', 'airflow', 'invalid'),
  url('without slashes', 'https:airflow', 'invalid'),
  url('with another scheme', 'ftp://airflow', 'invalid'),
  url('with user name and password', `https://u:${CANARY}@airflow.example.com`, 'plain-text-secret'),
  url('with a query', `https://airflow.example.com/?p=${CANARY}`, 'invalid'),
  url('with an empty fragment', '"https://airflow.example.com/#"', 'invalid'),
  url('that ends in /api/v2', 'https://airflow.example.com/x/api/v2/', 'invalid'),
  url('that ends in /api/v1', 'https://airflow.example.com/api/v1', 'invalid'),
  url('of an API endpoint', 'https://airflow.example.com/api/v2/connections', 'invalid'),
  url('with an unexpanded variable', '"https://${HOST}/"', 'invalid'),
  url('with port 0', 'https://airflow.example.com:0', 'invalid'),
  ...['169.254.170.2', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'].map((host) =>
    url(`with the link-local address ${host}`, `"https://${host}"`, 'link-local'),
  ),
  url('with http:// for another host than loopback', 'http://airflow.example.com', 'unencrypted'),
  url('with http:// for a host that begins like loopback', 'http://127.0.0.1.example.com', 'unencrypted'),
  url('with http:// for a private address', 'http://10.0.0.1', 'unencrypted'),
  url('with the metadata address', 'http://169.254.169.254', 'link-local'),
  url('with the metadata address as a number', 'http://2852039166', 'link-local'),
  url('that is a number', '12', 'wrong-type'),
  url('from a variable, with a password', '{env: BAD_URL}', 'plain-text-secret'),
];

const DUPLICATES: InvalidConfig[] = [
  invalid(
    'a duplicate connection',
    edit('docker_default', 'a, b, a'),
    '6 airflows[0].connections[2]',
    'duplicate',
  ),
  invalid(
    'a duplicate Airflow name',
    `${VALID}  - {name: main, url: "https://b", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}\n`,
    '7 airflows[1].name',
    'duplicate',
  ),
  invalid(
    'a duplicate connection of two entries with the same URL',
    `${VALID}  - {name: b, url: "https://AIRFLOW.example.com:443/", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [x, docker_default]}\n`,
    '7 airflows[1].connections[1]',
    'duplicate',
  ),
  invalid(
    'a duplicate engine',
    `${VALID}docker: {engines: ["unix:///a", "unix:///a"]}\n`,
    '7 docker.engines[1]',
    'duplicate',
  ),
];

describe('loadConfig: Airflow URLs', () => {
  rejectEach(ADDRESSES, { BAD_URL: `https://u:${CANARY}@x` });
});

describe('loadConfig: duplicates', () => {
  rejectEach(DUPLICATES);
});
