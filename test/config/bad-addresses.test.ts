import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD } from './config-folder.js';

function url(title: string, value: string, message: RegExp, remedy: RegExp): BadConfig {
  const text = edit('https://airflow.example.com', value);
  return bad(`a URL ${title}`, text, '4 airflows[0].url', message, remedy);
}

const ADDRESSES: BadConfig[] = [
  url('that is none', 'airflow', /no URL/, /https:\/\/airflow\.example\.com/),
  url('without slashes', 'https:airflow', /no URL/, /https:\/\//),
  url('of another scheme', 'ftp://airflow', /neither/, /https:\/\//),
  url(
    'with user and password',
    `https://u:${CANARY}@airflow.example.com`,
    /user name or password/,
    /under `auth`/,
  ),
  url('with a query', `https://airflow.example.com/?p=${CANARY}`, /query/, /before \?/),
  url('with an empty fragment', '"https://airflow.example.com/#"', /fragment/, /before \?/),
  url(
    'that ends in /api/v2',
    'https://airflow.example.com/x/api/v2/',
    /path of the API/,
    /before \/api: the worker adds it/,
  ),
  url('that ends in /api/v1', 'https://airflow.example.com/api/v1', /path of the API/, /before \/api/),
  url(
    'of an address in the API',
    'https://airflow.example.com/api/v2/connections',
    /path of the API/,
    /before \/api/,
  ),
  url('with a variable in it', '"https://${HOST}/"', /no valid host/, /`url: \{env: NAME\}`/),
  url('with port 0', 'https://airflow.example.com:0', /no valid host or port/, /https:/),
  ...['169.254.170.2', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'].map((host) =>
    url(`of the link-local address ${host}`, `"https://${host}"`, /link-local/, /host of Airflow/),
  ),
  url('of http:// beyond loopback', 'http://airflow.example.com', /in clear/, /allowInsecureHttp: true/),
  url(
    'of http:// with a host that begins like loopback',
    'http://127.0.0.1.example.com',
    /in clear/,
    /https/,
  ),
  url('of http:// at a private address', 'http://10.0.0.1', /in clear/, /allowInsecureHttp/),
  url('of the metadata address', 'http://169.254.169.254', /link-local/, /host of Airflow/),
  url('of the metadata address as a number', 'http://2852039166', /link-local/, /host of Airflow/),
  url('that is a number', '12', /not text/, /in quotes/),
  url('from a variable, with a secret in it', '{env: BAD_URL}', /user name or password/, /under `auth`/),
];

const DUPLICATES: BadConfig[] = [
  bad(
    'a connection twice',
    edit('docker_default', 'a, b, a'),
    '6 airflows[0].connections[2]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'a name of an airflow twice',
    `${GOOD}  - {name: main, url: "https://b", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}\n`,
    '7 airflows[1].name',
    /repeats the name of airflows\[0\]\.name/,
    /rename/,
  ),
  bad(
    'a connection of the same URL twice',
    `${GOOD}  - {name: b, url: "https://AIRFLOW.example.com:443/", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [x, docker_default]}\n`,
    '7 airflows[1].connections[1]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'an engine twice',
    `${GOOD}docker: {engines: ["unix:///a", "unix:///a"]}\n`,
    '7 docker.engines[1]',
    /docker\.engines\[0\]/,
    /Remove/,
  ),
];

describe('a configuration with addresses that cannot be used', () => {
  refuseEach(ADDRESSES, { BAD_URL: `https://u:${CANARY}@x` });
});

describe('a configuration that says something twice', () => {
  refuseEach(DUPLICATES);
});
