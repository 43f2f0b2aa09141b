// Runs cases of sources of AWS credentials that fail. The sources are real files and variables, programs, and servers on
// this machine; AWS itself is the stand-in.
import assert from 'node:assert/strict';
import type { FailureType } from '../../../src/refresh/failures.js';
import { expectFailure, startServer, type Answer, type LocalServer } from '../../support/local-server.js';
import { SECRET_KEY, startAwsFixture, type AwsFixture } from '../aws-fixture.js';

/** Must not appear in messages. */
export const FOREIGN = 'text-of-a-server-that-must-not-show';
const SECRETS = [SECRET_KEY, FOREIGN];

export interface Case {
  readonly title: string;
  /** `config` and `credentials` are the AWS files. FOLDER and URL are replaced. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly prepare?: (fixture: AwsFixture) => void;
  readonly answer?: Answer;
  /** Default: AwsCredentialsMissing. */
  readonly type?: FailureType;
  /** Without its start. FOLDER and HOST are replaced. */
  readonly message: string;
  readonly remedy: RegExp;
}

/**
 * Defines a test for each case, whose failure must name the source, its reason and its fix.
 * @param env the variables that all cases have
 */
export function describeFaults(title: string, env: Case['env'], cases: readonly Case[]): void {
  describe(`${title} that fails is named with its reason`, function () {
    this.timeout(30_000);
    let fixture: AwsFixture;
    let server: LocalServer;
    let answer: Answer;

    beforeEach(async () => {
      fixture = await startAwsFixture();
      server = await startServer((request, response) => answer(request, response));
      fixture.withoutKeys();
      fixture.set({ AWS_EC2_METADATA_DISABLED: 'true' });
    });
    afterEach(async () => {
      await server.close();
      await fixture.stop();
    });

    const fill = (text: string): string =>
      text
        .replaceAll('FOLDER', fixture.folder)
        .replaceAll('URL/', `${server.url}/`)
        .replace(/^URL$/, server.url)
        .replaceAll('HOST', new URL(server.url).host);

    for (const one of cases) {
      it(one.title, async () => {
        for (const [name, content] of Object.entries(one.files ?? {})) fixture.write(name, fill(content));
        const variables = Object.entries({ ...env, ...one.env });
        for (const [name, value] of variables) fixture.set({ [name]: value && fill(value) });
        one.prepare?.(fixture);
        answer = one.answer ?? respond(404, '');
        const type = one.type ?? 'AwsCredentialsMissing';
        const failure = await expectFailure(fixture.issue(), type, SECRETS);
        assert.equal(failure.message, `AWS credentials: ${fill(one.message)}`);
        assert.match(failure.remedy, one.remedy);
      });
    }
  });
}

export function respond(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
}
