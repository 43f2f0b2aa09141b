import assert from 'node:assert/strict';

import { loadConfig } from '../../src/config/load.js';
import { CANARY, edit, ENV, GOOD, REGISTRY, useConfigFolder } from './config-folder.js';

const AUTH = '{username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const MWAA = '{mwaa: {environment: first, region: us-east-1}}';

describe('the hash of a configuration', () => {
  const write = useConfigFolder();
  const hashOf = (text: string, env = ENV): string => loadConfig(write(text), env).hash;

  it('does not depend on the order of keys, on comments or on values left at their default', () => {
    const reordered = `# a comment
airflows:
  - connections: [docker_default]
    auth: {password: {env: AIRFLOW_PASSWORD}, username: ecr-refresh}
    url: "https://airflow.example.com/"
    name: main
temporal: {taskQueue: ecr-refresh}
schedule: {jitter: 5m, every: 240m}
version: 1
`;
    assert.equal(hashOf(reordered), hashOf(GOOD));
  });

  it('does not depend on the password, but on where it comes from', () => {
    assert.equal(hashOf(GOOD, { AIRFLOW_PASSWORD: 'other' }), hashOf(GOOD));
    assert.notEqual(hashOf(edit('AIRFLOW_PASSWORD', 'OTHER'), { OTHER: CANARY }), hashOf(GOOD));
  });

  it('does not depend on what headers and tokens stand for, nor on the order of headers', () => {
    const text = edit(AUTH, '{token: {env: TOKEN}}') + '    headers: {X-A: {env: TOKEN}, x-b: b}\n';
    assert.equal(hashOf(text, { TOKEN: 'a' }), hashOf(text, { TOKEN: 'b' }));
    const reordered = text.replace('X-A: {env: TOKEN}, x-b: b', 'X-B: b, X-A: {env: TOKEN}');
    assert.equal(hashOf(reordered, { TOKEN: 'a' }), hashOf(text, { TOKEN: 'a' }));
  });

  it('is the same for an id and for its longer form', () => {
    assert.equal(hashOf(edit('docker_default', '{ifMissing: fail, id: docker_default}')), hashOf(GOOD));
  });

  it('depends on what other references stand for', () => {
    const text = edit('username: ecr-refresh', 'username: {env: WHO}');
    assert.notEqual(hashOf(text, { ...ENV, WHO: 'a' }), hashOf(text, { ...ENV, WHO: 'b' }));
    assert.equal(hashOf(text, { ...ENV, WHO: 'ecr-refresh' }), hashOf(GOOD));
  });

  it('depends on every other setting', () => {
    const env = { ...ENV, TOKEN: CANARY };
    const edits = [
      edit('name: main', 'name: other'),
      edit('https://airflow.example.com', 'https://b.example.com'),
      edit('docker_default', 'docker_default, b'),
      edit('docker_default', '{match: docker_default}'),
      edit('docker_default', '{match: "docker_*"}'),
      edit(AUTH, '{token: {env: AIRFLOW_PASSWORD}}'),
      edit(AUTH, '{token: {env: TOKEN}}'),
      edit(`    url: https://airflow.example.com\n    auth: ${AUTH}`, `    auth: ${MWAA}`),
      edit(
        `    url: https://airflow.example.com\n    auth: ${AUTH}`,
        `    auth: ${MWAA.replace('first', 'second')}`,
      ),
      `${GOOD}    version: 2\n`,
      `${GOOD}    version: 3\n`,
      `${GOOD}    headers: {X-A: a}\n`,
      `${GOOD}    headers: {X-A: b}\n`,
      `${GOOD}    headers: {X-B: a}\n`,
      `${GOOD}    headers: {X-A: {env: TOKEN}}\n`,
      `${GOOD}registries: [${REGISTRY}]\n`,
      `${GOOD}registries: [${REGISTRY.replace(', registryHost: 127.0.0.1:5000', '')}]\n`,
      `${GOOD}registries: [${REGISTRY.replace('us-east-1', '{airflowVariable: a, airflow: main}')}]\n`,
      `${GOOD}registries: [${REGISTRY.replace('us-east-1', '{airflowVariable: b, airflow: main}')}]\n`,
      `${edit('docker_default', '{id: docker_default, registry: sandbox}')}registries: [${REGISTRY}]\n`,
      `${edit('docker_default', '{id: docker_default, registry: sandbox, ifMissing: create}')}registries: [${REGISTRY}]\n`,
      `${GOOD}docker: {engines: []}\n`,
      `${GOOD}schedule: {every: 3h}\n`,
      `${GOOD}temporal: {taskQueue: b}\n`,
    ];
    assert.equal(new Set([GOOD, ...edits].map((text) => hashOf(text, env))).size, edits.length + 1);
  });
});
