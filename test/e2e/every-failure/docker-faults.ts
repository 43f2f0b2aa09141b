// What can go wrong at the registry and at the Docker Engine.
import type { Fault } from '../../support/fault.js';
import { answerJson } from '../../support/local-server.js';
import type { Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const OCI_REFUSAL = { errors: [{ code: 'DENIED', message: 'Your authorization token has expired.' }] };
const REGISTRY_HEADER = { 'Docker-Distribution-Api-Version': 'registry/2.0' };

export const REGISTRY_FAULTS: readonly WireFault[] = [
  {
    type: 'TokenRejected',
    when: 'the registry takes the fresh token for expired',
    stage: 'extract',
    says: /127\.0\.0\.1:\d+: 403 DENIED/,
    refreshed: 0,
    arrange: (fixture) => registryAnswers(fixture, 403, { body: OCI_REFUSAL }),
  },
  {
    type: 'TokenRejected',
    when: 'the registry is of another region',
    stage: 'extract',
    says: /127\.0\.0\.1:\d+: 400: a token of another region/,
    refreshed: 0,
    arrange: (fixture) =>
      registryAnswers(fixture, 400, { headers: REGISTRY_HEADER, body: fixture.secrets.quote() }),
  },
  {
    type: 'TokenRejected',
    when: 'the registry does not take the token as a sign-in',
    stage: 'extract',
    says: /127\.0\.0\.1:\d+: 401/,
    refreshed: 0,
    arrange: (fixture) =>
      registryAnswers(fixture, 401, { headers: REGISTRY_HEADER, body: fixture.secrets.quote() }),
  },
  {
    type: 'RegistryRealmForeign',
    when: 'the registry wants the password sent to another host',
    stage: 'extract',
    says: /127\.0\.0\.1:\d+: it asks for the sign-in to be sent to another host/,
    refreshed: 0,
    arrange: (fixture) => fixture.registry.setChallenge('https://tokens.evil.example/token'),
  },
];

export const DOCKER_FAULTS: readonly WireFault[] = [
  {
    type: 'DockerEngineUnreachable',
    when: 'the Docker Engine breaks off',
    stage: 'test',
    says: /docker\.sock: the engine closed the connection without a response/,
    refreshed: 2,
    arrange: (fixture) => fixture.engine.setFault((_, response) => response.destroy()),
  },
  {
    type: 'DockerLoginFailed',
    when: 'the engine does not reach the registry',
    stage: 'test',
    says: /docker\.sock: sign-in to 127\.0\.0\.1:\d+: no such host/,
    refreshed: 2,
    arrange: (fixture) =>
      engineRefusesSignIn(fixture, 500, `dial tcp: lookup registry: no such host ${fixture.secrets.quote()}`),
  },
  {
    type: 'DockerLoginRejected',
    when: 'the registry refuses the sign-in of the engine',
    stage: 'test',
    says: /docker\.sock: sign-in to 127\.0\.0\.1:\d+: 401: the registry does not take this as a sign-in/,
    refreshed: 2,
    arrange: (fixture) => engineRefusesSignIn(fixture, 401, `unauthorized: ${fixture.secrets.quote()}`),
  },
];

function registryAnswers(fixture: Fixture, status: number, fault: Fault): void {
  fixture.registry.setFault(({ path }) => (path.startsWith('/v2/') ? { status, ...fault } : undefined));
}

function engineRefusesSignIn(fixture: Fixture, status: number, message: string): void {
  fixture.engine.setFault(({ path, body }, response) => {
    if (path.endsWith('/version')) answerJson(response, 200, { Version: '28.0.0' });
    else answerJson(response, status, { message: `${message} ${body}` });
  });
}
