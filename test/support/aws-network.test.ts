import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicTokenCommand,
} from '@aws-sdk/client-ecr-public';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { routeToStandIns, startAwsNetwork, type AwsNetwork } from './aws-network.js';
import { startAwsStandIn, type AwsStandIn } from './aws.js';
import { readText, sendJson, startLocalServer, type LocalServer } from '../../sandbox/local-server.js';
import { runCommand } from '../../sandbox/run-command.js';

/**
 * The agent's options apply only to the connection to the proxy, and NODE_EXTRA_CA_CERTS cannot be set for a running
 * process.
 */
class TrustingAgent extends HttpsProxyAgent<string> {
  readonly #ca: Buffer;

  constructor(network: AwsNetwork) {
    super(network.url, { keepAlive: true });
    this.#ca = readFileSync(network.caFile);
  }

  override connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>) {
    return super.connect(request, { ...options, ca: this.#ca } as typeof options);
  }
}

describe('AWS network', () => {
  const registryHost = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  let aws: AwsStandIn;
  let registry: LocalServer;
  let network: AwsNetwork;
  let agent: HttpsProxyAgent<string>;
  let stateFolder: string;

  before(async () => {
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-network-'));
    aws = await startAwsStandIn();
    registry = await startLocalServer(async (request, response) => {
      const { method, url, headers } = request;
      sendJson(response, 201, { method, url, host: headers.host, body: await readText(request) });
    });
    network = await startAwsNetwork({ route: routeToStandIns({ aws, registry }), stateFolder });
  });

  beforeEach(() => {
    network.names.length = 0;
    agent = new TrustingAgent(network);
  });

  afterEach(() => agent.destroy());

  after(async () => {
    await Promise.all([network.stop(), registry.stop(), aws.stop()]);
    rmSync(stateFolder, { recursive: true });
  });

  function send(url: string, options: https.RequestOptions = {}, body = ''): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const request = https.request(url, { agent, ...options }, (answer) => {
        readText(answer).then((text) => resolve([answer.statusCode ?? 0, text]), reject);
      });
      request.once('error', reject);
      request.end(body);
    });
  }

  const sdk = (region: string) => ({
    region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    requestHandler: { httpsAgent: agent },
    maxAttempts: 1,
  });

  it('routes the endpoints of the SDK to the stand-in', async () => {
    const token = new GetAuthorizationTokenCommand({});
    await new ECRClient(sdk('eu-west-1')).send(token);
    await new ECRClient({ ...sdk('us-east-1'), useFipsEndpoint: true }).send(token);
    await new ECRClient({ ...sdk('us-east-1'), useDualstackEndpoint: true }).send(token);
    await new ECRClient(sdk('cn-north-1')).send(token);
    await new ECRClient({ ...sdk('cn-north-1'), useDualstackEndpoint: true }).send(token);
    await new ECRPUBLICClient(sdk('us-east-1')).send(new GetPublicTokenCommand({}));
    await new STSClient(sdk('eu-west-1')).send(new GetCallerIdentityCommand({}));
    await new STSClient(sdk('aws-global')).send(new GetCallerIdentityCommand({}));
    assert.deepEqual(network.names, [
      'api.ecr.eu-west-1.amazonaws.com',
      'api.ecr-fips.us-east-1.amazonaws.com',
      'ecr.us-east-1.api.aws',
      'api.ecr.cn-north-1.amazonaws.com.cn',
      'ecr.cn-north-1.api.amazonwebservices.com.cn',
      'api.ecr-public.us-east-1.amazonaws.com',
      'sts.eu-west-1.amazonaws.com',
      'sts.amazonaws.com',
    ]);
  });

  for (const host of [
    registryHost,
    '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
    '123456789012.dkr-ecr.us-west-2.on.aws',
    '123456789012.dkr-ecr-fips.us-west-2.on.aws',
    '123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
    'public.ecr.aws',
    'ecr-public.aws.com',
  ]) {
    it(`routes ${host} to the registry with method, path, Host and body unchanged`, async () => {
      const [status, body] = await send(`https://${host}/v2/?a=b`, { method: 'POST' }, 'text');
      assert.equal(status, 201);
      assert.deepEqual(JSON.parse(body), { method: 'POST', url: '/v2/?a=b', host, body: 'text' });
    });
  }

  it('creates one certificate for all registries of a region', async () => {
    const certificates = () => readdirSync(join(stateFolder, 'aws-network')).length;
    await send(`https://${registryHost}/`);
    const before = certificates();
    await send(`https://${registryHost.replace('1234', '4321')}/`);
    assert.equal(certificates(), before);
  });

  it('returns 502 for a name without a route', async () => {
    assert.equal((await send('https://example.com/'))[0], 502);
    assert.equal((await send('https://s3.amazonaws.com/'))[0], 502);
    assert.deepEqual(network.names, ['example.com', 's3.amazonaws.com']);
  });

  it('returns 503 for a name that is set to unknown', async () => {
    network.setTrouble(registryHost, 'unknown');
    assert.equal((await send(`https://${registryHost}/`))[0], 503);
    network.setTrouble(registryHost, undefined);
    assert.equal((await send(`https://${registryHost}/`))[0], 201);
  });

  it('uses an untrusted certificate for one name only', async () => {
    network.setTrouble(registryHost, 'untrusted');
    await assert.rejects(send(`https://${registryHost}/`), /unable to verify the first certificate/);
    assert.equal((await send('https://public.ecr.aws/'))[0], 201);
    network.setTrouble(registryHost, undefined);
    assert.equal((await send(`https://${registryHost}/`))[0], 201);
  });

  it('closes the open connections of a name when its fault begins, and drops new ones', async () => {
    await send(`https://${registryHost}/`);
    const cut = new Promise((resolve) => {
      Object.values(agent.freeSockets)
        .flat()
        .forEach((socket) => socket?.once('close', resolve));
    });
    network.setTrouble(registryHost, 'dropped');
    await cut;
    await assert.rejects(send(`https://${registryHost}/`));
    network.setTrouble(registryHost, undefined);
  }).timeout(4_000); // an idle connection would close automatically after 5 s

  it('provides the environment for another process', async () => {
    const script = `
      import https from 'node:https';
      import { HttpsProxyAgent } from 'https-proxy-agent';
      const agent = new HttpsProxyAgent(process.env.HTTPS_PROXY);
      https.get('https://public.ecr.aws/v2/', { agent }, (answer) => console.log(answer.statusCode));`;
    const env = { PATH: process.env['PATH'], ...network.env };
    const { stdout } = await runCommand(process.execPath, ['--input-type=module', '-e', script], { env });
    assert.equal(stdout.trim(), '201');
  });

  it('stops even if a tunnel is open', async () => {
    const other = await startAwsNetwork({ route: routeToStandIns({ aws, registry }), stateFolder });
    const kept = new TrustingAgent(other);
    await send(`https://${registryHost}/`, { agent: kept });
    await other.stop();
    await assert.rejects(send(`https://${registryHost}/`, { agent: kept }));
    kept.destroy();
  }).timeout(4_000);
});
