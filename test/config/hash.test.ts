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
    const reordered = text.replace('X-A: {env: TOKEN}, x-b: b', 'x-b: b, X-A: {env: TOKEN}');
    assert.equal(hashOf(reordered, { TOKEN: 'a' }), hashOf(text, { TOKEN: 'a' }));
  });

  it('depends on the order of airflows and of their connections, of which the first match applies', () => {
    const pattern = '{match: "docker_*"}';
    const list = edit('docker_default', `docker_default, ${pattern}`);
    assert.notEqual(hashOf(edit('docker_default', `${pattern}, docker_default`)), hashOf(list));
    const [head = '', first = ''] = GOOD.split(/(?=  - name)/);
    const second = first.replace('main', 'b').replace('docker_default', pattern);
    assert.notEqual(hashOf(head + second + first), hashOf(head + first + second));
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

  describe('with registries', () => {
    const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
    const HUB = 'arn:aws:iam::111122223333:role/hub';
    const PLACE = 'region: us-east-1, account: "123456789012"';
    const withEntry = (settings: string): string => `${GOOD}registries: [{name: r, ${settings}}]\n`;
    const withCredentials = (settings: string): string => withEntry(`${PLACE}, credentials: {${settings}}`);

    it('is changed by each setting', () => {
      write(CANARY, 'a');
      write(CANARY, 'b');
      const texts = [
        withEntry(PLACE),
        withEntry(`${PLACE}, fips: true`),
        withEntry(`${PLACE}, dualStack: true`),
        withEntry(`${PLACE}, fips: true, dualStack: true`),
        withEntry(`${PLACE}, endpoint: "https://a.example"`),
        withEntry(`${PLACE}, endpoint: "https://b.example"`),
        withEntry(`${PLACE}, registryHost: a.example`),
        withEntry(`${PLACE}, registryHost: b.example`),
        withEntry('kind: public'),
        withEntry('kind: public, dualStack: true'),
        withEntry('region: us-east-2, account: "123456789012"'),
        withEntry('region: us-east-1, account: "123456789013"'),
        withCredentials('profile: a'),
        withCredentials('profile: b'),
        withCredentials(`roleArn: "${ROLE}"`),
        withCredentials(`roleArn: "${HUB}"`),
        withCredentials(`roleArn: "${ROLE}", via: ["${HUB}"]`),
        withCredentials(`roleArn: "${ROLE}", externalId: aa`),
        withCredentials(`roleArn: "${ROLE}", externalId: bb`),
        withCredentials(`roleArn: "${ROLE}", sessionName: other`),
        withCredentials(`roleArn: "${ROLE}", sessionDuration: 1h`),
        withCredentials(`roleArn: "${ROLE}", sessionDuration: 2h`),
        withCredentials(`roleArn: "${ROLE}", webIdentityTokenFile: a`),
        withCredentials(`roleArn: "${ROLE}", webIdentityTokenFile: b`),
        withCredentials(`roleArn: "${ROLE}", webIdentityTokenFile: b, sessionName: other`),
        `${GOOD}docker: {probe: {image: app:1}}\n`,
        `${GOOD}docker: {probe: {image: app:2}}\n`,
        `${GOOD}docker: {probe: {image: r.example/app:1}}\n`,
        `${GOOD}docker: {probe: {image: [app:1, r.example/app:2]}}\n`,
      ];
      assert.equal(new Set([GOOD, ...texts].map((text) => hashOf(text))).size, texts.length + 1);
    });

    it('does not depend on the order of keys, nor on values left at their default', () => {
      const text = withEntry(
        `${PLACE}, dualStack: true, credentials: {roleArn: "${ROLE}", via: ["${HUB}"], externalId: aa, sessionDuration: 60m}`,
      );
      const reordered =
        `${GOOD}registries: [{credentials: {sessionName: airflow-ecr-refresh, sessionDuration: 1h, externalId: aa, ` +
        `via: ["${HUB}"], roleArn: "${ROLE}"}, fips: false, dualStack: true, account: "123456789012", kind: private, ` +
        'region: us-east-1, name: r}]\n';
      assert.equal(hashOf(reordered), hashOf(text));
      assert.equal(
        hashOf(withEntry('kind: public')),
        hashOf(`${GOOD}registries: [{region: us-east-1, kind: public, name: r}]\n`),
      );
      assert.equal(
        hashOf(`${GOOD}docker: {probe: {image: app:1}}\n`),
        hashOf(`${GOOD}docker: {probe: {image: [app:1]}}\n`),
      );
      assert.equal(
        hashOf(withEntry(`${PLACE}, endpoint: "https://a.example/"`)),
        hashOf(withEntry(`endpoint: "https://a.example", ${PLACE}`)),
      );
    });

    it('depends on the external id that a reference stands for, and not on the token of a web identity', () => {
      const external = withCredentials(`roleArn: "${ROLE}", externalId: {env: ID}`);
      assert.notEqual(hashOf(external, { ...ENV, ID: 'aa' }), hashOf(external, { ...ENV, ID: 'bb' }));
      assert.equal(
        hashOf(external, { ...ENV, ID: 'aa' }),
        hashOf(withCredentials(`roleArn: "${ROLE}", externalId: aa`)),
      );
      const web = withCredentials(`roleArn: "${ROLE}", webIdentityTokenFile: token`);
      write('one', 'token');
      const before = hashOf(web);
      write('two', 'token');
      assert.equal(hashOf(web), before);
    });
  });
});
