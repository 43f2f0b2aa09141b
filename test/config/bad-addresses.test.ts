import type { ProblemCode } from '../../src/config/config-error.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD } from './config-folder.js';

function url(title: string, value: string, code: ProblemCode): BadConfig {
  const text = edit('https://airflow.example.com', value);
  return bad(`a URL ${title}`, text, '4 airflows[0].url', code);
}

const ADDRESSES: BadConfig[] = [
  url('that is none', 'airflow', 'invalid'),
  url('without slashes', 'https:airflow', 'invalid'),
  url('of another scheme', 'ftp://airflow', 'invalid'),
  url('with user and password', `https://u:${CANARY}@airflow.example.com`, 'plain-text-secret'),
  url('with a query', `https://airflow.example.com/?p=${CANARY}`, 'invalid'),
  url('with an empty fragment', '"https://airflow.example.com/#"', 'invalid'),
  url('that ends in /api/v2', 'https://airflow.example.com/x/api/v2/', 'invalid'),
  url('that ends in /api/v1', 'https://airflow.example.com/api/v1', 'invalid'),
  url('of an address in the API', 'https://airflow.example.com/api/v2/connections', 'invalid'),
  url('with a variable in it', '"https://${HOST}/"', 'invalid'),
  url('with port 0', 'https://airflow.example.com:0', 'invalid'),
  ...['169.254.170.2', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'].map((host) =>
    url(`of the link-local address ${host}`, `"https://${host}"`, 'link-local'),
  ),
  url('of http:// beyond loopback', 'http://airflow.example.com', 'unencrypted'),
  url('of http:// with a host that begins like loopback', 'http://127.0.0.1.example.com', 'unencrypted'),
  url('of http:// at a private address', 'http://10.0.0.1', 'unencrypted'),
  url('of the metadata address', 'http://169.254.169.254', 'link-local'),
  url('of the metadata address as a number', 'http://2852039166', 'link-local'),
  url('that is a number', '12', 'wrong-type'),
  url('from a variable, with a secret in it', '{env: BAD_URL}', 'plain-text-secret'),
];

const DUPLICATES: BadConfig[] = [
  bad('a connection twice', edit('docker_default', 'a, b, a'), '6 airflows[0].connections[2]', 'duplicate'),
  bad(
    'a name of an airflow twice',
    `${GOOD}  - {name: main, url: "https://b", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}\n`,
    '7 airflows[1].name',
    'duplicate',
  ),
  bad(
    'a connection of the same URL twice',
    `${GOOD}  - {name: b, url: "https://AIRFLOW.example.com:443/", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [x, docker_default]}\n`,
    '7 airflows[1].connections[1]',
    'duplicate',
  ),
  bad(
    'an engine twice',
    `${GOOD}docker: {engines: ["unix:///a", "unix:///a"]}\n`,
    '7 docker.engines[1]',
    'duplicate',
  ),
];

describe('a configuration with addresses that cannot be used', () => {
  refuseEach(ADDRESSES, { BAD_URL: `https://u:${CANARY}@x` });
});

describe('a configuration that says something twice', () => {
  refuseEach(DUPLICATES);
});
