import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, ENV, GOOD, useConfigFolder } from './config-folder.js';

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const DIGEST = `sha256:${'0'.repeat(64)}`;

function withProbe(probe: string): string {
  return `${GOOD}docker: {probe: ${probe}}\n`;
}

function fault(title: string, probe: string, key: string, code: ProblemCode): BadConfig {
  return bad(title, withProbe(probe), `7 docker.probe${key}`, code);
}

function noImage(title: string, image: string): BadConfig {
  return fault(`an image ${title}`, `{image: "${image}"}`, '.image', 'invalid');
}

describe('a configuration with images that are none', () => {
  refuseEach([
    fault('a probe of nothing', '{}', '.image', 'missing'),
    fault('an empty image', '{image: }', '.image', 'empty'),
    fault('an image of no characters', '{image: ""}', '.image', 'empty'),
    fault('an empty list', '{image: []}', '.image', 'empty'),
    fault('a mapping', '{image: {name: x}}', '.image', 'wrong-type'),
    fault('a list with a number', '{image: [1]}', '.image[0]', 'wrong-type'),
    fault('a mistyped key, once', '{iamge: a}', '.iamge', 'unknown-setting'),
    fault('text', CANARY, '', 'wrong-type'),
    noImage('without tag', 'team/app'),
    noImage('without tag behind a host with a port', 'localhost:5000/app'),
    noImage('with a tag and a digest', `app:1@${DIGEST}`),
    noImage('with a digest of 63 digits', `app@${DIGEST.slice(0, -1)}`),
    noImage('with a tag of 129 characters', `app:${'x'.repeat(129)}`),
    noImage('with a tag that begins with a dot', 'app:.1'),
    noImage('in capitals', 'Team/app:1'),
    noImage('with a scheme', 'https://r.example/app:1'),
    noImage('with a user', `u:${CANARY}@r.example/app:1`),
    noImage('with a blank', 'team/app: 1'),
    noImage('with two slashes', 'team//app:1'),
    noImage('with a slash before it', '/app:1'),
    noImage('of a tag alone', ':1'),
    noImage('with a port of 6 digits', 'r.example:123456/app:1'),
    bad('an image in a list', withProbe('{image: [app:1, app]}'), '7 docker.probe.image[1]', 'invalid'),
    fault(
      'a second image for every registry',
      '{image: [r.example/a:1, app:1, b:1]}',
      '.image[2]',
      'too-many',
    ),
    fault('an image twice', '{image: [app:1, r.example/b:1, app:1]}', '.image[2]', 'duplicate'),
    fault('an image of another partition than its region', `{image: "${ECR}.cn/app:1"}`, '.image', 'invalid'),
    fault('an image of an account of 11 digits', `{image: "${ECR.slice(1)}/app:1"}`, '.image', 'invalid'),
  ]);
});

describe('the images of a configuration', () => {
  const write = useConfigFolder();

  for (const { probe, images } of [
    { probe: '{image: team/app:1.0}', images: [{ image: 'team/app:1.0' }] },
    { probe: '{image: "a.b_c__d---e/f:_X.y-Z"}', images: [{ image: 'a.b_c__d---e/f:_X.y-Z' }] },
    { probe: `{image: "app@${DIGEST}"}`, images: [{ image: `app@${DIGEST}` }] },
    { probe: `{image: "app:${'x'.repeat(128)}"}`, images: [{ image: `app:${'x'.repeat(128)}` }] },
    { probe: `{image: "${ECR}/team/app:1.0"}`, images: [{ registry: ECR, image: 'team/app:1.0' }] },
    {
      probe: '{image: "public.ecr.aws/docker/library/busybox:1"}',
      images: [{ registry: 'public.ecr.aws', image: 'docker/library/busybox:1' }],
    },
    { probe: '{image: "127.0.0.1:5000/app:1"}', images: [{ registry: '127.0.0.1:5000', image: 'app:1' }] },
    { probe: '{image: "registry:5000/app:1"}', images: [{ registry: 'registry:5000', image: 'app:1' }] },
    { probe: '{image: "r2.e9-x.example/app:1"}', images: [{ registry: 'r2.e9-x.example', image: 'app:1' }] },
    { probe: '{image: "r29.d:5000/app:1"}', images: [{ registry: 'r29.d:5000', image: 'app:1' }] },
    { probe: '{image: "r29:5000/app:1"}', images: [{ registry: 'r29:5000', image: 'app:1' }] },
    { probe: '{image: "localhost/app:1"}', images: [{ registry: 'localhost', image: 'app:1' }] },
    {
      probe: `{image: [app:1, "r.example/app:1", "r.example/app@${DIGEST}"]}`,
      images: [
        { image: 'app:1' },
        { registry: 'r.example', image: 'app:1' },
        { registry: 'r.example', image: `app@${DIGEST}` },
      ],
    },
  ] as const) {
    it(`are read from ${probe}`, () =>
      assert.deepEqual(loadConfig(write(withProbe(probe)), ENV).images, images));
  }

  it('are none by default', () => assert.deepEqual(loadConfig(write(GOOD), ENV).images, []));

  // A grammar that tries every split of such a name would not end before the time limit of the tests.
  it('are refused soon, however long and repetitive', () => {
    for (const image of ['a-', 'a--', 'a.', 'a/', 'a'].map((part) => `${part.repeat(190)}!`)) {
      assert.throws(() => loadConfig(write(withProbe(`{image: "${image}"}`)), ENV), /is not a valid image/);
    }
  });
});
