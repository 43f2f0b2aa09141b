// The product calls a connection usable exactly when Airflow's DockerHook accepts it and a pull then has its password,
// whatever Docker credentials the worker's machine has. The hook is the provider's own, of each Airflow version.
import assert from 'node:assert/strict';
import { findPython } from '../../sandbox/python-tools.js';
import { checkConnection, type ConnectionRecord } from '../../src/refresh/check-connection.js';
import { resolveRegistry, type ResolvedRegistry } from '../../src/refresh/registry-entries.js';
import { dockerConnection, namedRegistry } from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';
import { checkDockerHook, type HookResult } from '../support/airflow/docker-hook.js';
import { ensureAirflow } from '../support/airflow/installation.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { airflowKindsToTest } from './airflow-kinds.js';

/** One value for each version of the provider is enough: both auth managers have the same one. */
const KINDS = airflowKindsToTest().filter(
  ({ name, version }) => name === version && !['3.0', '3.1'].includes(name),
);

interface Row {
  readonly changes: Partial<ConnectionRecord>;
  /** Why the product does not decide as the hook does. */
  readonly differsBecause?: string;
}

const LOCAL = named('localhost:5000');
const LOCAL_WITHOUT_PORT = named('registry.example.com');

function named(registryHost: string): ResolvedRegistry {
  return resolveRegistry(namedRegistry({ name: 'local', registryHost }), undefined, 'us-east-1');
}

function each<Key extends keyof ConnectionRecord>(key: Key, values: readonly ConnectionRecord[Key][]): Row[] {
  return values.map((value) => ({ changes: { [key]: value } }));
}

const ECR_HOSTS = [
  null,
  '',
  ' ',
  REGISTRY,
  REGISTRY.toUpperCase(),
  `https://${REGISTRY.replace('ecr', 'ECR')}/`,
  `https://${REGISTRY}`,
  `http://${REGISTRY}`,
  `HTTPS://${REGISTRY}`,
  `Https://${REGISTRY}/`,
  `ftp://${REGISTRY}`,
  `//${REGISTRY}`,
  `https:/${REGISTRY}`,
  `https://https://${REGISTRY}`,
  `http://https://${REGISTRY}`,
  `${REGISTRY}/`,
  `${REGISTRY}//`,
  `https://${REGISTRY}/`,
  `https://${REGISTRY}/v2/`,
  `https://${REGISTRY}/v1/Team/App`,
  `${REGISTRY}/team app`,
  `${REGISTRY}/team\tapp`,
  `${REGISTRY}/team\n`,
  `${REGISTRY}/%74eam`,
  `${REGISTRY}/100%`,
  `${REGISTRY}/%zz`,
  `${REGISTRY}/v2/?a=b`,
  `${REGISTRY}?a=b`,
  `${REGISTRY}#a`,
  ` ${REGISTRY}`,
  `${REGISTRY} `,
  `\t${REGISTRY}`,
  `${REGISTRY}\n`,
  `https://${REGISTRY} `,
  `https:// ${REGISTRY}`,
  `https://${REGISTRY}/ `,
  `${REGISTRY}:443`,
  `https://${REGISTRY}:443`,
  `https://${REGISTRY}:443/`,
  `${REGISTRY}:`,
  `${REGISTRY}:x`,
  `${REGISTRY}.`,
  `"${REGISTRY}"`,
  `AWS@${REGISTRY}`,
  `https://AWS:x@${REGISTRY}`,
  'quay.io',
  'index.docker.io',
];

const REAUTH: readonly unknown[] = [
  ...[true, false, null, 0, 1, -1, 0.5, 2, [], [0], {}, { a: 1 }],
  ...['', ' ', '0', '1', '2', 'y', 'Y', 'yes', 'Yes', 't', 'T', 'true', 'True', 'TRUE', ' true', 'on', 'ON'],
  ...[
    'n',
    'N',
    'no',
    'f',
    'F',
    'false',
    'False',
    'FALSE',
    'off',
    'maybe',
    'null',
    'None',
    '***',
    'ﬀ',
    'ON\u0130',
  ],
];

const EXTRAS = [
  null,
  '',
  ' ',
  '{}',
  '[]',
  '["reauth"]',
  'null',
  'true',
  '0',
  '5',
  '"reauth"',
  'reauth=false',
  '{reauth: false}',
  "{'reauth': false}",
  '{"reauth": false',
  '{"reauth": False}',
  '{"reauth": false,}',
  ' {"reauth": false} ',
  '\ufeff{"reauth": false}',
  '{"Reauth": false}',
  '{"reauth": NaN}',
  '{"reauth": -Infinity}',
  '{"reauth": false, "ratio": NaN}',
  '{"reauth": true, "ratio": Infinity}',
  '{"reauth": 0.0}',
  '{"reauth": -0}',
  '{"reauth": 1e-400}',
  '{"reauth": false, "reauth": true}',
  '{"reauth": true, "reauth": false}',
  '{"nested": {"reauth": false}}',
  '{"__proto__": {"reauth": false}}',
  '{"extra__docker__reauth": false}',
  '{"email": "ops@example.com"}',
  '{"email": ""}',
  '{"email": null, "reauth": true}',
  '{"email": 5}',
  '{"ssl_version": "1.3", "tls": false}',
  ...REAUTH.map((reauth) => JSON.stringify({ reauth })),
];

const ROWS: readonly Row[] = [
  ...each('host', ECR_HOSTS),
  ...each('extra', EXTRAS),
  ...each('port', [null, 0, 443, 5000, 80, -1]),
  ...each('login', [null, '', 'AWS']),
  { changes: { host: `https://${REGISTRY}/`, port: 443 } },
  { changes: { host: `${REGISTRY}/v2`, port: 443 } },
  { changes: { host: null, port: 443 } },
  { changes: { schema: 'https', description: 'the registry' } },
  ...['aws', 'AWS ', 'ops', '<token>'].map((login) => ({
    changes: { login },
    differsBecause: 'ECR accepts only the user AWS',
  })),
  {
    changes: { type: 'http' },
    differsBecause:
      'the hook does not look at the type; a connection of another type belongs to another service',
  },
];

/** Connections whose registry the configuration names. */
const NAMED_ROWS: readonly (Row & { readonly wanted: ResolvedRegistry })[] = [
  ...(
    [
      { host: 'localhost:5000' },
      { host: 'http://localhost:5000/' },
      { host: 'LOCALHOST:5000' },
      { host: 'localhost', port: 5000 },
      { host: 'http://localhost', port: 5000 },
      { host: 'localhost', port: 5001 },
      { host: 'localhost:5000', port: 5000 },
      { host: 'http://localhost:5000/', port: 443 },
      { host: 'localhost' },
      { host: 'localhost:5001' },
    ] as const
  ).map((changes) => ({ wanted: LOCAL, changes })),
  { wanted: LOCAL_WITHOUT_PORT, changes: { host: 'registry.example.com', port: 443 } },
  { wanted: LOCAL_WITHOUT_PORT, changes: { host: 'registry.example.com:443' } },
  { wanted: LOCAL_WITHOUT_PORT, changes: { host: 'https://registry.example.com' } },
];

const ALL = [...ROWS.map((row) => ({ ...row, wanted: undefined })), ...NAMED_ROWS];

/** A connection with a warning is written, but not called usable. */
function isUsable(connection: ConnectionRecord, wanted: ResolvedRegistry | undefined): boolean {
  const check = checkConnection(connection, wanted);
  return check.writable && check.warning === undefined;
}

function hasNewPassword(result: HookResult): boolean {
  return 'pulledWith' in result && result.pulledWith === 'new';
}

for (const kind of KINDS) {
  describe(`DockerHook of Airflow ${kind.release}`, function () {
    this.timeout(300_000);
    let results: [HookResult, HookResult][];

    before(async function () {
      await findPython(kind.newestPython, kind.oldestPython).catch((error: Error) =>
        skipOrFail(this, error.message),
      );
      const { python } = await ensureAirflow(undefined, kind);
      const connections = ALL.map(({ changes, wanted }) => {
        const { type, host, login, port, extra } = dockerConnection(changes);
        return { type, host, login, port, extra, registry: wanted?.host ?? REGISTRY };
      });
      results = await checkDockerHook(python, connections);
    });

    for (const [index, { changes, wanted, differsBecause }] of ALL.entries()) {
      const of = wanted ? ` of registry ${wanted.host}` : '';
      const agrees = differsBecause === undefined ? 'agrees' : `does not agree (${differsBecause})`;
      it(`${agrees} on ${JSON.stringify(changes)}${of}`, () => {
        const [withoutCredentials, withOldCredentials] = results[index] ?? assert.fail();
        const byHook = [withoutCredentials, withOldCredentials].every(hasNewPassword);
        const byUs = isUsable(dockerConnection(changes), wanted);
        const shown = JSON.stringify({ byUs, withoutCredentials, withOldCredentials });
        if (differsBecause === undefined) assert.equal(byUs, byHook, shown);
        else assert.deepEqual([byUs, byHook], [false, true], shown);
      });
    }
  });
}
