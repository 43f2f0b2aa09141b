import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createHttpClient } from '../../src/net/http.js';
import { Secret } from '../../src/log/secret.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import type { AirflowStore } from '../../src/stores/airflow/rest-store.js';
import { createDockerEngine } from '../../src/verify/docker/docker-engine.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import { createTokenVerifier } from '../../src/verify/registry/verify-token.js';
import { connect } from '../stores/airflow/connect.js';
import { anySignal, answerJson } from '../support/local-server.js';
import { NESTED_JSON } from './faults.js';
import type { Outcomes, Peer } from './peer.js';

const AIRFLOW: Outcomes = {
  otherwise: 'StoreUnavailable',
  slow: 'StoreUnreachable',
  'endless headers': 'StoreUnreachable',
  'cut off': 'StoreUnreachable',
};
/** The list and a connection may be large. */
const CONNECTIONS: Outcomes = {
  ...AIRFLOW,
  'too large': 'StoreResponseTooLarge',
  'too large, with an error status': 'StoreResponseTooLarge',
  compressed: 'StoreResponseTooLarge',
};
const REGISTRY: Outcomes = { otherwise: 'unreachable' };
const ENGINE: Outcomes = { otherwise: 'DockerEngineUnreachable' };

const CONNECTION = 'docker_default';
const JWT = [{ alg: 'none' }, { exp: 4_000_000_000 }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

export const OTHER_PEERS: readonly Peer[] = [
  {
    title: 'MWAA',
    call({ url, fixture }) {
      fixture.set({ AWS_ENDPOINT_URL_MWAA: url });
      const mwaa = { environment: 'env', region: 'us-east-1', principal: DEFAULT_PRINCIPAL };
      return read(connect('', { auth: { kind: 'mwaa', ...mwaa }, aws: new AwsSessions(), version: 3 }));
    },
    nested: `{"RestApiStatusCode":200,"RestApiResponse":{"connection_id":"${CONNECTION}","conn_type":"docker","extra":${NESTED_JSON}}}`,
    outcomes: CONNECTIONS,
  },
  {
    title: 'Airflow: the version',
    call: ({ url }) => read(connect(url)),
    nested: `{"version":${NESTED_JSON}}`,
    outcomes: AIRFLOW,
  },
  {
    title: 'Airflow: the login',
    call: ({ url }) => read(connect(url)),
    before: ({ url }, response) => answerAsAirflow(url, response, ['version']),
    nested: `{"access_token":${NESTED_JSON}}`,
    outcomes: AIRFLOW,
  },
  {
    title: 'Airflow: the list',
    async call({ url }) {
      const range = { pattern: '*', offset: 0, limit: 100 };
      const { connections } = await connect(url).readPage(range, anySignal());
      return `${connections.length} connections`;
    },
    before: ({ url }, response) => answerAsAirflow(url, response, ['version', 'login']),
    nested: `{"connections":[{"connection_id":"a","conn_type":"docker","extra":${NESTED_JSON}}],"total_entries":1}`,
    // Its only row is not a valid connection.
    outcomes: { ...CONNECTIONS, nested: '0 connections' },
  },
  {
    title: 'Airflow: a connection',
    call: ({ url }) => read(connect(url)),
    before: ({ url }, response) => answerAsAirflow(url, response, ['version', 'login']),
    nested: `{"connection_id":"${CONNECTION}","conn_type":"docker","extra":${NESTED_JSON}}`,
    outcomes: CONNECTIONS,
  },
  {
    title: 'a registry',
    call: ({ host }) => verify(host),
    // The body is not used.
    outcomes: { ...REGISTRY, nested: 'inconclusive' },
  },
  {
    title: 'a registry: the bearer token',
    call: ({ host }) => verify(host),
    before: ({ url, headers }, response) => url === '/v2/' && challenge(headers, response, 'Bearer'),
    nested: `{"token":${NESTED_JSON}}`,
    outcomes: REGISTRY,
  },
  {
    title: 'a registry: the manifest of an image',
    call: ({ host }) => verify(host, ['team/app:latest']),
    before: ({ url, headers }, response) => url === '/v2/' && challenge(headers, response, 'Basic'),
    outcomes: { otherwise: 'inconclusive, pull unknown' },
  },
  {
    title: 'a Docker Engine: the version',
    call: ({ host }) => createDockerEngine({ url: `tcp://${host}` }).readVersion(anySignal()),
    nested: `{"Version":${NESTED_JSON}}`,
    outcomes: ENGINE,
  },
  {
    title: 'a Docker Engine: the login',
    async call({ host }) {
      const engine = createDockerEngine({ url: `tcp://${host}` });
      await engine.login('registry.example.com', new Secret('password'), anySignal());
      return 'logged in';
    },
    nested: `{"Status":${NESTED_JSON}}`,
    outcomes: {
      ...ENGINE,
      compressed: 'DockerLoginFailed',
      nested: 'DockerLoginFailed',
      redirect: 'DockerLoginFailed',
    },
  },
];

async function read(store: AirflowStore): Promise<string> {
  return (await store.read(CONNECTION, anySignal())) ? 'a connection' : 'no connection';
}

function answerAsAirflow(url = '', response: PeerResponse, parts: readonly ('version' | 'login')[]): boolean {
  if (parts.includes('version') && url.endsWith('/version')) answerJson(response, 200, { version: '3.3.2' });
  else if (parts.includes('login') && url === '/auth/token') answerJson(response, 201, { access_token: JWT });
  else return false;
  return true;
}

type PeerResponse = Parameters<NonNullable<Peer['before']>>[1];

async function verify(host: string, images: readonly string[] = []): Promise<string> {
  const checks = new NegativeCheckCache(() => new Date(0));
  const verifier = createTokenVerifier(createHttpClient({ version: '0' }), checks);
  const { outcome, pulls } = await verifier(host, new Secret('password'), images, anySignal());
  return [outcome, ...(pulls ?? []).map((pull) => `pull ${pull.outcome}`)].join(', ');
}

/** Accepts every password. */
function challenge(
  { authorization, host }: { authorization?: string | undefined; host?: string | undefined },
  response: PeerResponse,
  scheme: 'Basic' | 'Bearer',
): boolean {
  const parameters = scheme === 'Basic' ? 'realm="x"' : `realm="http://${host}/token",service="x"`;
  if (authorization === undefined)
    response.writeHead(401, { 'WWW-Authenticate': `${scheme} ${parameters}` }).end('{}');
  else response.writeHead(200).end('{}');
  return true;
}
