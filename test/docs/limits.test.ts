import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { useConfigFolder, VALID } from '../config/config-folder.js';

type Write = ReturnType<typeof useConfigFolder>;
/** The sections of a configuration that differ from a valid one, with `size` of what the row limits. */
type Build = (size: number, write: Write) => object;

const AIRFLOW = (parse(VALID) as { airflows: [Record<string, unknown>] }).airflows[0];
const HOST = '127.0.0.1:5000';
const ROLE = 'arn:aws:iam::123456789012:role';

function list<T>(size: number, item: (index: number) => T): T[] {
  return Array.from({ length: size }, (_, index) => item(index));
}

function withAirflow(settings: object): object {
  return { airflows: [{ ...AIRFLOW, ...settings }] };
}

function withRegistry(settings: object): object {
  return { registries: [{ name: 'r', region: 'us-east-1', account: '123456789012', ...settings }] };
}

/** With the reference that a token request requires. */
function withTokenRequest({ body, headers }: { readonly body?: object; readonly headers?: object }): object {
  const secret = { env: 'AIRFLOW_PASSWORD' };
  const tokenRequest = body
    ? { body, headers: { Authorization: secret } }
    : { body: { client_secret: secret }, headers };
  return withAirflow({ auth: { tokenRequest } });
}

function withReference(size: number, write: Write): object {
  write('x'.repeat(size * 1024), 'secret');
  return withAirflow({ auth: { username: 'op', password: { file: 'secret' } } });
}

/** Rows with a maximum: the configuration loads with the number of the row, and not with one more. */
const MAXIMA: Readonly<Record<string, Build>> = {
  'file of a reference (`{file: PATH}`), web identity token': withReference,
  '`airflows`': (size) => ({
    airflows: list(size, (index) => ({
      ...AIRFLOW,
      name: `a-${index}`,
      url: `https://airflow-${index}.example.com`,
    })),
  }),
  '`airflows[].connections`': (size) => withAirflow({ connections: list(size, (index) => `c${index}`) }),
  'patterns (`match`) of one Airflow': (size) =>
    withAirflow({ connections: list(size, (index) => ({ match: `c${index}_*` })) }),
  '`airflows[].headers`': (size) =>
    withAirflow({ headers: Object.fromEntries(list(size, (index) => [`X-Team-${index}`, 'data'])) }),
  '`auth.tokenRequest.body`': (size) =>
    withTokenRequest({ body: Object.fromEntries(list(size, (index) => [`field_${index}`, 'data'])) }),
  '`auth.tokenRequest.headers`': (size) =>
    withTokenRequest({ headers: Object.fromEntries(list(size, (index) => [`X-Team-${index}`, 'data'])) }),
  'connection id, pattern': (size) =>
    withAirflow({ connections: ['c'.repeat(size), { match: '*'.padStart(size, 'd') }] }),
  '`registries`': (size) => ({
    registries: list(size, (index) => ({
      name: `r-${index}`,
      region: 'us-east-1',
      account: String(100_000_000_000 + index),
    })),
  }),
  '`credentials.via`': (size) =>
    withRegistry({
      credentials: { roleArn: `${ROLE}/last`, via: list(size, (index) => `${ROLE}/step-${index}`) },
    }),
  '`docker.engines`': (size) => ({
    docker: { engines: list(size, (index) => `unix:///run/docker-${index}.sock`) },
  }),
  '`docker.probe.image`': (size) => ({
    docker: { probe: { image: list(size, (index) => `${HOST}/app:${index}`) } },
    ...withRegistry({ registryHost: HOST }),
  }),
  '`name` of an entry': (size) => withAirflow({ name: 'n'.repeat(size) }),
  '`schedule.id`, `temporal.taskQueue`': (size) => ({
    schedule: { id: 's'.repeat(size) },
    temporal: { taskQueue: 't'.repeat(size) },
  }),
  'other texts': (size) =>
    withAirflow({ auth: { username: 'u'.repeat(size), password: { env: 'AIRFLOW_PASSWORD' } } }),
};

/** The other rows: a configuration that is within the limit, and one that is just beyond it. */
const OTHERS: Readonly<Record<string, readonly [within: object, beyond: object]>> = {
  '`credentials.sessionDuration`': [
    withRegistry({ credentials: { roleArn: `${ROLE}/last`, sessionDuration: '12h' } }),
    withRegistry({ credentials: { roleArn: `${ROLE}/last`, sessionDuration: '14m' } }),
  ],
  '`schedule.every`, and the gaps of `schedule.cron`': [
    { schedule: { every: '3m' } },
    { schedule: { every: '179s' } },
  ],
  '`schedule.jitter`': [
    { schedule: { every: '4h', jitter: '1h' } },
    { schedule: { every: '4h', jitter: '2h' } },
  ],
  '`schedule.retryFor`': [
    { schedule: { every: '4h', jitter: '5m', retryFor: '225m' } },
    { schedule: { every: '4h', jitter: '5m', retryFor: '226m' } },
  ],
  'outage that the schedule survives': [
    { schedule: { every: '11h', allowNarrowMargin: true } },
    { schedule: { every: '11h' } },
  ],
};

/** Files that are too large in another way than by their number of entries. */
const BYTES: Readonly<Record<string, (kib: number, write: Write) => object | string>> = {
  'configuration file': (kib) => `${VALID}# ${'x'.repeat(kib * 1024 - VALID.length - 2)}`,
  'file of certificates or a key': (kib, write) => {
    write((rootCertificates[0] ?? '').padEnd(kib * 1024, '\n'), 'ca.pem');
    return withAirflow({ caFile: 'ca.pem' });
  },
};

describe('the limits in the documentation', () => {
  const write = useConfigFolder();
  const [, section = ''] =
    /\n## Limits\n(.*)$/s.exec(readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')) ??
    [];
  const rows = new Map(
    [...section.matchAll(/^\| (.+?) *\| (.+?) *\|$/gm)]
      .map(([, limit = '', value = '']) => [limit, value] as const)
      .slice(2),
  );

  it('are all tested', () => {
    assert.deepEqual(
      [...rows.keys()].toSorted(),
      [...Object.keys(MAXIMA), ...Object.keys(OTHERS), ...Object.keys(BYTES)].toSorted(),
    );
  });

  for (const [limit, build] of Object.entries({ ...MAXIMA, ...BYTES })) {
    it(`are those of the configuration: ${limit}`, () => {
      const [digits = ''] = /^[\d,]+/.exec(rows.get(limit) ?? '') ?? [];
      const size = Number(digits.replace(',', ''));
      assert.ok(loads(build(size, write)), 'within the limit');
      assert.ok(!loads(build(size + 1, write)), 'beyond the limit');
    });
  }

  for (const [limit, [within, beyond]] of Object.entries(OTHERS)) {
    it(`are those of the configuration: ${limit}`, () => {
      assert.ok(loads(within), 'within the limit');
      assert.ok(!loads(beyond), 'beyond the limit');
    });
  }

  function loads(sections: object | string): boolean {
    const text =
      typeof sections === 'string' ? sections : JSON.stringify({ ...(parse(VALID) as object), ...sections });
    try {
      loadConfig(write(text), { AIRFLOW_PASSWORD: 'secret' });
      return true;
    } catch {
      return false;
    }
  }
});
