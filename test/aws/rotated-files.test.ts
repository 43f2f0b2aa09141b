// New content of a file with AWS credentials is used by the next run, and immediately if AWS rejects the old content.
import assert from 'node:assert/strict';
import path from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../src/refresh/token-group.js';
import { putFiles, REPLACEMENTS, type Replacement } from '../support/replace-files.js';
import { ACCOUNT, keys, REGION, roleArn, startAwsFixture, type AwsFixture } from './aws-fixture.js';

/** Version of the file: 1 at the start, 2 after it was replaced. */
type Version = 1 | 2;

interface Setting {
  readonly setting: string;
  /** The content of the file `mount/value`. */
  readonly content: (version: Version) => string;
  /** Makes AWS reject all other versions. */
  readonly accept: (fixture: AwsFixture, version: Version) => void;
  /** Whether the latest call sent this version. */
  readonly isSent: (fixture: AwsFixture, version: Version) => boolean;
  readonly getPrincipal: (fixture: AwsFixture) => Principal;
}

const toToken = (version: Version): string => `identity-token-${version}`;

function acceptToken({ aws }: AwsFixture, version: Version): void {
  for (const { accessKeyId } of aws.sessions) aws.endSession(accessKeyId);
  aws.setWebIdentity((token) => (token === toToken(version) ? 'worker' : undefined));
}

function isTokenSent(fixture: AwsFixture, version: Version): boolean {
  const { input } = fixture.calls('AssumeRoleWithWebIdentity').at(-1) ?? {};
  return input?.['WebIdentityToken'] === toToken(version);
}

const SETTINGS: readonly Setting[] = [
  {
    setting: 'webIdentityTokenFile',
    content: toToken,
    accept: acceptToken,
    isSent: isTokenSent,
    getPrincipal(fixture) {
      const credentials = `{roleArn: "${roleArn('pull')}", webIdentityTokenFile: mount/value}`;
      const airflow = `{name: main, url: "http://127.0.0.1:1", auth: {token: {env: TOKEN}}, connections: [a]}`;
      const registry = `{name: r, account: "${ACCOUNT}", region: ${REGION}, credentials: ${credentials}}`;
      const file = fixture.write(
        'refresh.yaml',
        `version: 1\nairflows: [${airflow}]\nregistries: [${registry}]\n`,
      );
      const [entry] = loadConfig(file, { TOKEN: 'token' }).registries;
      return entry?.principal ?? assert.fail('no registry');
    },
  },
  {
    setting: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    content: toToken,
    accept: acceptToken,
    isSent: isTokenSent,
    getPrincipal(fixture) {
      fixture.set({ AWS_ROLE_ARN: roleArn('pod'), AWS_WEB_IDENTITY_TOKEN_FILE: fileIn(fixture) });
      return DEFAULT_PRINCIPAL;
    },
  },
  {
    setting: 'AWS_SHARED_CREDENTIALS_FILE',
    content: (version) => `[default]\n${keys(`AKID${version}`)}`,
    accept: ({ aws }, version) =>
      aws.setFault(({ accessKeyId }) =>
        accessKeyId === `AKID${version}` ? undefined : { error: 'UnrecognizedClientException' },
      ),
    isSent: ({ calls }, version) => calls().at(-1)?.accessKeyId === `AKID${version}`,
    getPrincipal(fixture) {
      fixture.set({ AWS_SHARED_CREDENTIALS_FILE: fileIn(fixture) });
      return DEFAULT_PRINCIPAL;
    },
  },
];

function fileIn({ folder }: AwsFixture): string {
  return path.join(folder, 'mount/value');
}

describe('a file with AWS credentials', () => {
  let fixture: AwsFixture;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    fixture.withoutKeys();
  });
  afterEach(() => fixture.stop());

  for (const { setting, content, accept, isSent, getPrincipal } of SETTINGS) {
    for (const replacement of REPLACEMENTS) {
      it(`${setting}: a change is used by the next run (${replacement})`, async () => {
        const principal = await issueFirst(replacement);
        put(2, replacement);
        fixture.startRun();
        await fixture.issue(principal);
        assert.ok(isSent(fixture, 2));
      });

      it(`${setting}: a change is used when AWS rejects the old content (${replacement})`, async () => {
        const principal = await issueFirst(replacement);
        put(2, replacement);
        accept(fixture, 2);
        await fixture.issue(principal);
      });
    }

    function put(version: Version, replacement: Replacement): void {
      putFiles(path.join(fixture.folder, 'mount'), { value: content(version) }, replacement);
    }

    async function issueFirst(replacement: Replacement): Promise<Principal> {
      put(1, replacement);
      const principal = getPrincipal(fixture);
      await fixture.issue(principal);
      return principal;
    }
  }
});
