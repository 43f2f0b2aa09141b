// What is in front of Airflow responds instead of it for a while, or distributes requests over API servers with
// different JWT secrets. Each scenario is a separate `refresh-once` with its own Airflow; all of them run in parallel.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logIn } from '../../sandbox/airflow/rest.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { AirflowFaultHook, AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Fault } from '../support/fault.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { builtCli } from './built-cli.js';
import {
  configText,
  listWritten,
  overHttp,
  refreshOnce,
  registryEntry,
  startAirflow,
  type ScenarioResult,
} from './isolation/play.js';

const PAGE = '<html>Please log in</html>';

/** The responses that take the place of the first ones of Airflow. */
const RESPONSES: Readonly<Record<string, Fault>> = {
  'plain text with 404': { status: 404, body: '404 page not found\n' },
  'a page with 401': { status: 401, body: PAGE },
  'a page with 403': { status: 403, body: PAGE },
  'a page with 200': { status: 200, body: PAGE },
  'a redirect to another host': { status: 302, body: '', headers: { location: 'https://login.invalid/' } },
  'a redirect to https': { status: 308, body: '', headers: { location: 'https://127.0.0.1/' } },
  'a redirect to the path with a slash': { status: 301, body: '', headers: { location: '/same/' } },
};
const TWENTY = Array.from({ length: 20 }, (_, index) => `id_${index}`);

type Result = Pick<ScenarioResult, 'code' | 'report'> & { readonly airflow: AirflowStandIn };

describe('something in front of Airflow', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-front-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    await builtCli();
  });
  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  async function play(
    name: string,
    ids: readonly string[],
    createHook: (airflow: AirflowStandIn) => AirflowFaultHook | Promise<AirflowFaultHook>,
    { retryFor = '90s', version = '' } = {},
  ): Promise<Result> {
    const airflow = stops.add(await startAirflow(ids, registry.host));
    airflow.setFault(await createHook(airflow));
    airflow.requests.length = 0;
    const text = configText(overHttp(airflow) + version, ids, [registryEntry(registry.host)]);
    return { ...(await refreshOnce(name, text, retryFor, { folder, env: aws.env })), airflow };
  }

  /** Responds instead of Airflow to the first three requests. */
  function respondsFirst(fault: Fault): () => AirflowFaultHook {
    let left = 3;
    return () => () => ((left -= 1) >= 0 ? fault : undefined);
  }

  it('that responds for a while does not fail a run, whatever it returns', async () => {
    const runs = Object.entries(RESPONSES).flatMap(([title, fault]) =>
      ['', ', version: 3'].map(async (version) => {
        const name = `${title}${version}`;
        const { code, report, airflow } = await play(name, ['a', 'b'], respondsFirst(fault), { version });
        return [name, code, report.failures, listWritten(airflow)];
      }),
    );
    for (const result of await Promise.all(runs))
      assert.deepEqual(result.slice(1), [0, [], ['a', 'b']], String(result[0]));
  });

  it('that always responds is reported, and neither password nor configuration is blamed', async () => {
    // One after the other: each has a single attempt, which may time out on a busy machine.
    for (const [title, fault] of Object.entries(RESPONSES)) {
      const name = `always ${title}`;
      const { code, report } = await play(name, ['a', 'b'], () => () => fault, { retryFor: '1s' });
      assert.equal(code, 1, name);
      const [failure, ...more] = report.failures;
      assert.deepEqual([failure?.type, more], ['StoreUnavailable', []], name);
      assert.match(failure?.message ?? '', /in front of (it|Airflow)|not from Airflow/, name);
      assert.doesNotMatch(`${failure?.message} ${failure?.remedy}`, /password|user name/, name);
    }
  });

  describe('that distributes requests over API servers with different JWT secrets', () => {
    /** Two servers that take turns: each accepts only the token that it issues. */
    async function takeTurns(
      airflow: AirflowStandIn,
      next: (path: string) => 0 | 1,
    ): Promise<AirflowFaultHook> {
      const issue = (): Promise<string> => logIn({ url: airflow.url, username: 'op', password: 'op' });
      const headers = [await issue(), await issue()];
      return ({ path, headers: sent }) => {
        const own = headers[next(path)];
        if (path === '/auth/token')
          return { status: 201, body: { access_token: own?.slice('Bearer '.length) } };
        if (path.endsWith('/version') || sent['authorization'] === own) return undefined;
        return { status: 403, body: { detail: 'Invalid JWT token' } };
      };
    }

    for (const ids of [['a'], TWENTY]) {
      it(`refreshes ${ids.length} connections, with few logins`, async () => {
        let turn = 0;
        const { code, report, airflow } = await play(`turns ${ids.length}`, ids, (standIn) =>
          takeTurns(standIn, () => ((turn += 1) % 2 === 0 ? 0 : 1)),
        );
        assert.deepEqual([code, report.failures, listWritten(airflow).toSorted()], [0, [], ids.toSorted()]);
        const logins = airflow.requests.filter(({ path }) => path === '/auth/token').length;
        assert.ok(logins <= 10, `${logins} logins`);
      });
    }

    it('reports them when no token is ever accepted, and retries within the run', async () => {
      const { code, report, airflow } = await play(
        'no token accepted',
        ['a'],
        (standIn) => takeTurns(standIn, (path) => (path === '/auth/token' ? 0 : 1)),
        { retryFor: '12s' },
      );
      assert.equal(code, 1);
      const [failure] = report.failures;
      assert.equal(failure?.type, 'StoreUnavailable');
      assert.match(
        failure?.message ?? '',
        /a token that was just issued was rejected; `\[api_auth\] jwt_secret` may differ/,
      );
      const logins = airflow.requests.filter(({ path }) => path === '/auth/token').length;
      assert.ok(logins > 3 && logins <= 9, `${logins} logins`);
    });
  });
});
