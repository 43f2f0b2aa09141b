import assert from 'node:assert/strict';

import { loadConfig } from '../../src/config/load.js';
import { CANARY, edit, ENV, VALID, REGISTRY, useConfigFolder } from './config-folder.js';

const AUTH = '{username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const MWAA = '{mwaa: {environment: first, region: us-east-1}}';

describe('RefreshConfig.hash', () => {
  const write = useConfigFolder();
  const getHash = (text: string, env = ENV): string => loadConfig(write(text), env).hash;

  it('does not depend on the order of keys, comments or explicit default values', () => {
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
    assert.equal(getHash(reordered), getHash(VALID));
  });

  it('does not depend on the password, but on its reference', () => {
    assert.equal(getHash(VALID, { AIRFLOW_PASSWORD: 'other' }), getHash(VALID));
    assert.notEqual(getHash(edit('AIRFLOW_PASSWORD', 'OTHER'), { OTHER: CANARY }), getHash(VALID));
  });

  it('does not depend on the values of headers and tokens, or the order of headers', () => {
    const text = edit(AUTH, '{token: {env: TOKEN}}') + '    headers: {X-A: {env: TOKEN}, x-b: b}\n';
    assert.equal(getHash(text, { TOKEN: 'a' }), getHash(text, { TOKEN: 'b' }));
    const reordered = text.replace('X-A: {env: TOKEN}, x-b: b', 'x-b: b, X-A: {env: TOKEN}');
    assert.equal(getHash(reordered, { TOKEN: 'a' }), getHash(text, { TOKEN: 'a' }));
  });

  it('depends on the order of airflows and connections, because the first match applies', () => {
    const pattern = '{match: "docker_*"}';
    const list = edit('docker_default', `docker_default, ${pattern}`);
    assert.notEqual(getHash(edit('docker_default', `${pattern}, docker_default`)), getHash(list));
    const [head = '', first = ''] = VALID.split(/(?=  - name)/);
    const second = first.replace('main', 'b').replace('docker_default', pattern);
    assert.notEqual(getHash(head + second + first), getHash(head + first + second));
  });

  it('is the same for an id in short and long form', () => {
    assert.equal(getHash(edit('docker_default', '{ifMissing: fail, id: docker_default}')), getHash(VALID));
  });

  it('depends on the values of other references', () => {
    const text = edit('username: ecr-refresh', 'username: {env: WHO}');
    assert.notEqual(getHash(text, { ...ENV, WHO: 'a' }), getHash(text, { ...ENV, WHO: 'b' }));
    assert.equal(getHash(text, { ...ENV, WHO: 'ecr-refresh' }), getHash(VALID));
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
      edit(AUTH, '{tokenRequest: {body: {jwt: {env: TOKEN}}}}'),
      edit(AUTH, '{tokenRequest: {body: {jwt: {env: TOKEN}, client: a}}}'),
      edit(AUTH, '{tokenRequest: {body: {jwt: {env: TOKEN}}, headers: {X-A: a}}}'),
      edit(`    url: https://airflow.example.com\n    auth: ${AUTH}`, `    auth: ${MWAA}`),
      edit(
        `    url: https://airflow.example.com\n    auth: ${AUTH}`,
        `    auth: ${MWAA.replace('us-east-1', 'us-east-1, profile: a')}`,
      ),
      edit(
        `    url: https://airflow.example.com\n    auth: ${AUTH}`,
        `    auth: ${MWAA.replace('first', 'second')}`,
      ),
      `${VALID}    version: 2\n`,
      `${VALID}    version: 3\n`,
      `${VALID}    headers: {X-A: a}\n`,
      `${VALID}    headers: {X-A: b}\n`,
      `${VALID}    headers: {X-B: a}\n`,
      `${VALID}    headers: {X-A: {env: TOKEN}}\n`,
      `${VALID}registries: [${REGISTRY}]\n`,
      `${VALID}registries: [${REGISTRY.replace(', registryHost: 127.0.0.1:5000', '')}]\n`,
      `${VALID}registries: [${REGISTRY.replace('us-east-1', '{airflowVariable: a, airflow: main}')}]\n`,
      `${VALID}registries: [${REGISTRY.replace('us-east-1', '{airflowVariable: b, airflow: main}')}]\n`,
      `${edit('docker_default', '{id: docker_default, registry: sandbox}')}registries: [${REGISTRY}]\n`,
      `${edit('docker_default', '{id: docker_default, registry: sandbox, ifMissing: create}')}registries: [${REGISTRY}]\n`,
      `${VALID}docker: {engines: []}\n`,
      `${VALID}schedule: {every: 3h}\n`,
      `${VALID}temporal: {taskQueue: b}\n`,
    ];
    assert.equal(new Set([VALID, ...edits].map((text) => getHash(text, env))).size, edits.length + 1);
  });

  describe('with registries', () => {
    const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
    const HUB = 'arn:aws:iam::111122223333:role/hub';
    const PLACE = 'region: us-east-1, account: "123456789012"';
    const withEntry = (settings: string): string => `${VALID}registries: [{name: r, ${settings}}]\n`;
    const withCredentials = (settings: string): string => withEntry(`${PLACE}, credentials: {${settings}}`);

    it('depends on each setting', () => {
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
        `${VALID}docker: {probe: {image: app:1}}\n`,
        `${VALID}docker: {probe: {image: app:2}}\n`,
        `${VALID}docker: {probe: {image: r.example/app:1}}\n`,
        `${VALID}docker: {probe: {image: [app:1, r.example/app:2]}}\n`,
      ];
      assert.equal(new Set([VALID, ...texts].map((text) => getHash(text))).size, texts.length + 1);
    });

    it('does not depend on the order of keys or explicit default values', () => {
      const text = withEntry(
        `${PLACE}, dualStack: true, credentials: {roleArn: "${ROLE}", via: ["${HUB}"], externalId: aa, sessionDuration: 60m}`,
      );
      const reordered =
        `${VALID}registries: [{credentials: {sessionName: airflow-ecr-refresh, sessionDuration: 1h, externalId: aa, ` +
        `via: ["${HUB}"], roleArn: "${ROLE}"}, fips: false, dualStack: true, account: "123456789012", kind: private, ` +
        'region: us-east-1, name: r}]\n';
      assert.equal(getHash(reordered), getHash(text));
      assert.equal(
        getHash(withEntry('kind: public')),
        getHash(`${VALID}registries: [{region: us-east-1, kind: public, name: r}]\n`),
      );
      assert.equal(
        getHash(`${VALID}docker: {probe: {image: app:1}}\n`),
        getHash(`${VALID}docker: {probe: {image: [app:1]}}\n`),
      );
      assert.equal(
        getHash(withEntry(`${PLACE}, endpoint: "https://a.example/"`)),
        getHash(withEntry(`endpoint: "https://a.example", ${PLACE}`)),
      );
    });

    it('depends on the value of an external id, but not on the token of a web identity', () => {
      const external = withCredentials(`roleArn: "${ROLE}", externalId: {env: ID}`);
      assert.notEqual(getHash(external, { ...ENV, ID: 'aa' }), getHash(external, { ...ENV, ID: 'bb' }));
      assert.equal(
        getHash(external, { ...ENV, ID: 'aa' }),
        getHash(withCredentials(`roleArn: "${ROLE}", externalId: aa`)),
      );
      const web = withCredentials(`roleArn: "${ROLE}", webIdentityTokenFile: token`);
      write('one', 'token');
      const before = getHash(web);
      write('two', 'token');
      assert.equal(getHash(web), before);
    });
  });
});
