// Faults of the registry and of the Docker Engine.
import type { Fault } from '../../support/fault.js';
import { answerJson } from '../../support/local-server.js';
import type { Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const OCI_REJECTION = { errors: [{ code: 'DENIED', message: 'Your authorization token has expired.' }] };
const REGISTRY_HEADER = { 'Docker-Distribution-Api-Version': 'registry/2.0' };

export const REGISTRY_FAULTS: readonly WireFault[] = [
  {
    type: 'TokenRejected',
    when: 'the registry considers the new token expired',
    stage: 'extract',
    message: /127\.0\.0\.1:\d+: 403 DENIED/,
    refreshed: 0,
    arrange: (fixture) => registryReturns(fixture, 403, { body: OCI_REJECTION }),
  },
  {
    type: 'TokenRejected',
    when: 'the registry is in another region',
    stage: 'extract',
    message: /127\.0\.0\.1:\d+: 400: the token is malformed or from another region/,
    refreshed: 0,
    arrange: (fixture) =>
      registryReturns(fixture, 400, { headers: REGISTRY_HEADER, body: fixture.secrets.quote() }),
  },
  {
    type: 'TokenRejected',
    when: 'the registry rejects the token as a login',
    stage: 'extract',
    message: /127\.0\.0\.1:\d+: 401/,
    refreshed: 0,
    arrange: (fixture) =>
      registryReturns(fixture, 401, { headers: REGISTRY_HEADER, body: fixture.secrets.quote() }),
  },
  {
    type: 'RegistryRealmForeign',
    when: 'the auth realm of the registry is on another host',
    stage: 'extract',
    message: /127\.0\.0\.1:\d+: its auth realm points to another host/,
    refreshed: 0,
    arrange: (fixture) => fixture.registry.setChallenge('https://tokens.evil.example/token'),
  },
];

export const DOCKER_FAULTS: readonly WireFault[] = [
  {
    type: 'DockerEngineUnreachable',
    when: 'the Docker Engine closes the connection',
    stage: 'test',
    message: /docker\.sock: the engine closed the connection without a response/,
    refreshed: 2,
    arrange: (fixture) => fixture.engine.setFault((_, response) => response.destroy()),
  },
  {
    type: 'DockerLoginFailed',
    when: 'the engine cannot reach the registry',
    stage: 'test',
    message: /docker\.sock: login to 127\.0\.0\.1:\d+: DNS lookup failed/,
    refreshed: 2,
    arrange: (fixture) =>
      engineLoginFails(fixture, 500, `dial tcp: lookup registry: no such host ${fixture.secrets.quote()}`),
  },
  {
    type: 'DockerLoginRejected',
    when: 'the registry rejects the login of the engine',
    stage: 'test',
    message: /docker\.sock: login to 127\.0\.0\.1:\d+: 401: the registry rejected the credentials/,
    refreshed: 2,
    arrange: (fixture) => engineLoginFails(fixture, 401, `unauthorized: ${fixture.secrets.quote()}`),
  },
];

function registryReturns(fixture: Fixture, status: number, fault: Fault): void {
  fixture.registry.setFault(({ path }) => (path.startsWith('/v2/') ? { status, ...fault } : undefined));
}

function engineLoginFails(fixture: Fixture, status: number, message: string): void {
  fixture.engine.setFault(({ path, body }, response) => {
    if (path.endsWith('/version')) answerJson(response, 200, { Version: '28.0.0' });
    else answerJson(response, status, { message: `${message} ${body}` });
  });
}
