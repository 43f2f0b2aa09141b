import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, ENV, VALID, useConfigFolder } from './config-folder.js';

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const DIGEST = `sha256:${'0'.repeat(64)}`;

function withProbe(probe: string): string {
  return `${VALID}docker: {probe: ${probe}}\n`;
}

function fault(title: string, probe: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(title, withProbe(probe), `7 docker.probe${key}`, code);
}

function invalidImage(title: string, image: string): InvalidConfig {
  return fault(`an image ${title}`, `{image: "${image}"}`, '.image', 'invalid');
}

describe('loadConfig: images', () => {
  rejectEach([
    fault('an empty probe', '{}', '.image', 'missing'),
    fault('an empty image', '{image: }', '.image', 'empty'),
    fault('an image that is empty text', '{image: ""}', '.image', 'empty'),
    fault('an empty list', '{image: []}', '.image', 'empty'),
    fault('an image that is a mapping', '{image: {name: x}}', '.image', 'wrong-type'),
    fault('a number in a list', '{image: [1]}', '.image[0]', 'wrong-type'),
    fault('a mistyped key', '{iamge: a}', '.iamge', 'unknown-setting'),
    fault('a probe that is text', CANARY, '', 'wrong-type'),
    invalidImage('without a tag', 'team/app'),
    invalidImage('without a tag after a host with a port', 'localhost:5000/app'),
    invalidImage('with a tag and a digest', `app:1@${DIGEST}`),
    invalidImage('with a digest of 63 digits', `app@${DIGEST.slice(0, -1)}`),
    invalidImage('with a tag of 129 characters', `app:${'x'.repeat(129)}`),
    invalidImage('with a tag that begins with a dot', 'app:.1'),
    invalidImage('with upper-case letters', 'Team/app:1'),
    invalidImage('with a scheme', 'https://r.example/app:1'),
    invalidImage('with a user name', `u:${CANARY}@r.example/app:1`),
    invalidImage('with a space', 'team/app: 1'),
    invalidImage('with two slashes', 'team//app:1'),
    invalidImage('that begins with a slash', '/app:1'),
    invalidImage('that is only a tag', ':1'),
    invalidImage('with a port of 6 digits', 'r.example:123456/app:1'),
    invalid(
      'an invalid image in a list',
      withProbe('{image: [app:1, app]}'),
      '7 docker.probe.image[1]',
      'invalid',
    ),
    fault(
      'a second image without a registry host',
      '{image: [r.example/a:1, app:1, b:1]}',
      '.image[2]',
      'too-many',
    ),
    fault('a duplicate image', '{image: [app:1, r.example/b:1, app:1]}', '.image[2]', 'duplicate'),
    fault(
      'an image with a host in another partition than its region',
      `{image: "${ECR}.cn/app:1"}`,
      '.image',
      'invalid',
    ),
    fault('an image with an account of 11 digits', `{image: "${ECR.slice(1)}/app:1"}`, '.image', 'invalid'),
  ]);
});

describe('docker.probe.image', () => {
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
    it(`is read from ${probe}`, () =>
      assert.deepEqual(loadConfig(write(withProbe(probe)), ENV).images, images));
  }

  it('is absent by default', () => assert.deepEqual(loadConfig(write(VALID), ENV).images, []));

  // A pattern that backtracks over every split of such a name would exceed the time limit of the test.
  it('is rejected quickly when it is long and repetitive', () => {
    for (const image of ['a-', 'a--', 'a.', 'a/', 'a'].map((part) => `${part.repeat(190)}!`)) {
      assert.throws(() => loadConfig(write(withProbe(`{image: "${image}"}`)), ENV), /is not a valid image/);
    }
  });
});
