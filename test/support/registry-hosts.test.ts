import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createHash } from 'node:crypto';
import { startAwsStandIn, type AwsStandIn, type IssuedToken } from './aws.js';
import { readText } from '../../sandbox/local-server.js';
import { startRegistry, type Registry } from './registry.js';

interface Reply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

const IRELAND = '210987654321.dkr.ecr.eu-west-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
const MANIFEST = '/v2/sandbox/hello/manifests/latest';

describe('registry gate for tests', () => {
  let aws: AwsStandIn;
  let registry: Registry;

  beforeEach(async () => {
    aws = await startAwsStandIn();
    registry = await startRegistry({ aws, stateFolder: 'unused', storage: false });
  });

  afterEach(async () => {
    await registry.stop();
    await aws.stop();
  });

  function send(host: string, path: string, authorization?: string, method = 'GET'): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers = { Host: host, ...(authorization && { Authorization: authorization }) };
      const request = httpRequest(registry.url + path, { method, headers }, (answer) => {
        const { statusCode: status, headers: answered } = answer;
        readText(answer).then((text) => resolve({ status, headers: answered, text }), reject);
      });
      request.once('error', reject);
      request.end();
    });
  }

  const basic = (password: string, user = 'AWS') =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const privateToken = (region = 'eu-west-1', lifeSeconds = 60) =>
    basic(aws.mintToken({ region, lifeSeconds }).password);
  const publicToken = (lifeSeconds = 60): IssuedToken =>
    aws.mintToken({ service: 'ecr-public', lifeSeconds });

  async function bearerFor(token: IssuedToken, host = PUBLIC): Promise<string> {
    const { text } = await send(host, '/token/?service=x&scope=aws', basic(token.password));
    return `Bearer ${(JSON.parse(text) as { token: string }).token}`;
  }

  describe('for a private registry', () => {
    it('accepts tokens of its region for any account, and rejects other regions with an empty 400', async () => {
      assert.equal((await send(IRELAND, '/v2/', privateToken())).status, 200);
      assert.equal((await send(`${IRELAND}:443`, '/v2/', privateToken('us-east-1'))).status, 400);
      const { status, text } = await send(IRELAND, '/v2/', privateToken('us-east-1'));
      assert.deepEqual([status, text], [400, '']);
      assert.equal((await send(registry.host, '/v2/', privateToken('us-east-1'))).status, 200);
    });

    it('has its own host in the challenge', async () => {
      const { status, headers } = await send(IRELAND, '/v2/');
      assert.equal(status, 401);
      assert.equal(
        headers['www-authenticate'],
        `Basic realm="https://${IRELAND}/",service="ecr.amazonaws.com"`,
      );
    });

    it('rejects tokens of ECR Public as expired, and all bearer tokens', async () => {
      const { status, text } = await send(IRELAND, '/v2/', basic(publicToken().password));
      assert.equal(status, 403);
      assert.match(text, /authorization token has expired/);
      assert.equal((await send(IRELAND, '/v2/', await bearerFor(publicToken()))).status, 401);
    });

    it("denies a pull with IAM's message after a successful login", async () => {
      registry.denyPull('sandbox/hello');
      assert.equal((await send(IRELAND, '/v2/', privateToken())).status, 200);
      const { status, text } = await send(IRELAND, MANIFEST, privateToken());
      assert.equal(status, 403);
      assert.deepEqual(JSON.parse(text), {
        errors: [
          {
            code: 'DENIED',
            message:
              'User: arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:210987654321:repository/sandbox/hello because no identity-based policy allows the ecr:BatchGetImage action',
          },
        ],
      });
      assert.equal((await send(IRELAND, MANIFEST)).status, 401);
    });

    it('serves one small image with its digests', async () => {
      const { status, headers, text } = await send(IRELAND, MANIFEST, privateToken());
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'application/vnd.oci.image.manifest.v1+json');
      const digestOf = (content: string | Buffer) =>
        `sha256:${createHash('sha256').update(content).digest('hex')}`;
      assert.equal(headers['docker-content-digest'], digestOf(text));
      const head = await send(IRELAND, MANIFEST, privateToken(), 'HEAD');
      assert.deepEqual(
        [head.status, head.text, head.headers['content-length']],
        [200, '', String(text.length)],
      );
      const byDigest = await send(IRELAND, MANIFEST.replace('latest', digestOf(text)), privateToken());
      assert.equal(byDigest.text, text);
      const { config } = JSON.parse(text) as { config: { digest: string } };
      const blob = await send(IRELAND, `/v2/sandbox/hello/blobs/${config.digest}`, privateToken());
      assert.equal(digestOf(blob.text), config.digest);
    });

    it("returns ECR's errors for images that do not exist", async () => {
      const noTag = await send(IRELAND, '/v2/sandbox/hello/manifests/other', privateToken());
      assert.deepEqual([noTag.status, /MANIFEST_UNKNOWN/.test(noTag.text)], [404, true]);
      const noName = await send(IRELAND, '/v2/team/app/manifests/latest', privateToken());
      assert.equal(noName.status, 404);
      assert.deepEqual(JSON.parse(noName.text), {
        errors: [
          {
            code: 'NAME_UNKNOWN',
            message:
              "The repository with name 'team/app' does not exist in the registry with id '210987654321'",
          },
        ],
      });
      const noBlob = await send(IRELAND, '/v2/sandbox/hello/blobs/sha256:0', privateToken());
      assert.match(noBlob.text, /BLOB_UNKNOWN/);
      assert.equal((await send(IRELAND, MANIFEST, privateToken(), 'PUT')).status, 405);
    });
  });

  describe('for ECR Public', () => {
    for (const host of [PUBLIC, 'ecr-public.aws.com']) {
      it(`requires a bearer token of its own at ${host}`, async () => {
        const { status, headers } = await send(host, '/v2/');
        assert.equal(status, 401);
        assert.equal(
          headers['www-authenticate'],
          `Bearer realm="https://${host}/token/",service="${host}",scope="aws"`,
        );
        const bearer = await bearerFor(publicToken(), host);
        assert.equal((await send(host, '/v2/', bearer)).status, 200);
        assert.equal((await send(host, MANIFEST, bearer)).status, 200);
      });
    }

    it('issues no bearer token for a wrong, expired or private token', async () => {
      const wrong = [
        basic('unknown'),
        basic(publicToken(0).password),
        privateToken('us-east-1'),
        basic(publicToken().password, 'aws'),
      ];
      for (const authorization of wrong) {
        assert.equal((await send(PUBLIC, '/token/', authorization)).status, 400);
      }
    });

    it('issues a bearer token to callers without credentials', async () => {
      const { status, text } = await send(PUBLIC, '/token/');
      assert.equal(status, 200);
      const { token } = JSON.parse(text) as { token: string };
      assert.equal((await send(PUBLIC, '/v2/', `Bearer ${token}`)).status, 200);
    });

    it('rejects an expired or unknown bearer token with 400 and no challenge', async () => {
      const bearer = await bearerFor(publicToken());
      aws.expireAll();
      for (const authorization of [bearer, 'Bearer unknown']) {
        const { status, headers } = await send(PUBLIC, '/v2/', authorization);
        assert.deepEqual([status, headers['www-authenticate']], [400, undefined]);
      }
    });

    it('rejects Basic authentication with a challenge', async () => {
      assert.equal((await send(PUBLIC, '/v2/', basic(publicToken().password))).status, 401);
    });
  });

  describe('as an insecure or hostile registry', () => {
    it('accepts any password, or allows anonymous access', async () => {
      registry.acceptAnything();
      assert.equal((await send(IRELAND, '/v2/', basic('wrong'))).status, 200);
      assert.equal((await send(PUBLIC, '/token/', basic('wrong'))).status, 200);
      assert.equal((await send(IRELAND, '/v2/')).status, 401);
      registry.openToAll();
      assert.equal((await send(IRELAND, '/v2/')).status, 200);
      registry.admitAsEcr();
      assert.equal((await send(IRELAND, '/v2/', basic('wrong'))).status, 403);
    });

    it('sends a challenge with a foreign realm', async () => {
      registry.setChallenge('https://evil.example/token');
      for (const authorization of [undefined, privateToken()]) {
        const { status, headers } = await send(IRELAND, '/v2/', authorization);
        assert.equal(status, 401);
        assert.match(headers['www-authenticate'] ?? '', /^Bearer realm="https:\/\/evil\.example\/token"/);
      }
      registry.setChallenge(undefined);
      assert.equal((await send(IRELAND, '/v2/', privateToken())).status, 200);
    });
  });

  it('records host and authentication scheme', async () => {
    await send(IRELAND, '/v2/', privateToken());
    await send(PUBLIC, '/v2/', 'Bearer x');
    await send(PUBLIC, '/v2/', 'Digest x');
    assert.deepEqual(
      registry.requests.map(({ host, scheme, authorized }) => [host, scheme, authorized]),
      [
        [IRELAND, 'Basic', true],
        [PUBLIC, 'Bearer', true],
        [PUBLIC, undefined, true],
      ],
    );
  });
});
