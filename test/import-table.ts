// The import table of docs/architecture.md as data, for the test of the lint rules. Paths are relative to src/.

export interface Row {
  /** The files that import. */
  readonly files: readonly string[];
  /** The places from which they may import values and types. */
  readonly imports: readonly string[];
  /** The places from which they may import only types. */
  readonly types?: readonly string[];
  /** The packages that they may import. */
  readonly packages: readonly string[];
}

const CLIENTS = ['@aws-sdk/client-ecr', '@smithy/signature-v4', 'axios', 'dockerode'];
const WORKFLOW = ['@temporalio/common', '@temporalio/workflow'];
const TEMPORAL = ['@temporalio/client', ...WORKFLOW];
const OTHERS = ['node:fs', 'zod'];
export const PACKAGES = [...CLIENTS, ...TEMPORAL, ...OTHERS];

const PORTS = ['stores/port.ts', 'ecr/port.ts', 'verify/registry/port.ts', 'verify/docker/port.ts'];
const BASE = ['refresh/', 'log/', 'net/'];
const ECR = ['ecr/', 'ecr/port.ts'];
const STORES = ['stores/port.ts', 'stores/airflow/', 'stores/other/'];
const REGISTRY = ['verify/registry/', 'verify/registry/port.ts'];
const DOCKER = ['verify/docker/', 'verify/docker/port.ts'];
const BUILT_BY_APP = [
  ...BASE,
  'aws/',
  ...ECR,
  ...STORES,
  ...REGISTRY,
  ...DOCKER,
  'config/',
  'activities/',
  'version.ts',
];
const COMMANDS = ['temporal/', 'schedule/', 'status/', 'refresh-once/', 'doctor/'];
/** Everything in src/. */
export const PRODUCT = [...BUILT_BY_APP, 'workflows/', 'app.ts', ...COMMANDS, 'worker.ts'];
/** All places that a row can allow or forbid. A path that ends with a slash is a folder. */
export const PLACES = [...PRODUCT, '../scripts/', '../sandbox/', '../test/'];

export const ROWS: readonly Row[] = [
  { files: ['refresh/a.ts'], imports: ['refresh/'], packages: [] },
  { files: ['log/a.ts'], imports: ['log/', 'refresh/'], packages: OTHERS },
  { files: ['net/a.ts'], imports: BASE, packages: [...CLIENTS, ...OTHERS] },
  {
    files: ['aws/a.ts', 'aws/credentials/a.ts'],
    imports: ['aws/', ...BASE],
    packages: [...CLIENTS, ...OTHERS],
  },
  { files: ['ecr/a.ts'], imports: [...ECR, 'aws/', ...BASE], packages: [...CLIENTS, ...OTHERS] },
  {
    files: ['stores/airflow/a.ts', 'stores/airflow/auth/a.ts'],
    imports: ['stores/port.ts', 'stores/airflow/', 'aws/', ...BASE],
    packages: [...CLIENTS, ...OTHERS],
  },
  { files: ['verify/registry/a.ts'], imports: [...REGISTRY, ...BASE], packages: [...CLIENTS, ...OTHERS] },
  {
    files: ['verify/docker/a.ts'],
    imports: [...DOCKER, ...REGISTRY, ...BASE],
    packages: [...CLIENTS, ...OTHERS],
  },
  { files: ['config/a.ts', 'config/schema/a.ts'], imports: ['config/', ...BASE], packages: OTHERS },
  {
    files: ['activities/a.ts'],
    imports: ['activities/', ...BASE],
    types: PORTS,
    packages: [...TEMPORAL, ...OTHERS],
  },
  {
    files: ['workflows/a.ts'],
    imports: ['workflows/', 'refresh/'],
    types: ['activities/'],
    packages: WORKFLOW,
  },
  { files: ['app.ts'], imports: BUILT_BY_APP, packages: OTHERS },
  {
    files: ['temporal/a.ts', 'temporal/worker/a.ts'],
    imports: ['temporal/', 'config/', ...BASE],
    packages: [...TEMPORAL, ...OTHERS],
  },
  {
    files: ['schedule/a.ts'],
    imports: ['schedule/', 'temporal/', 'config/', 'refresh/', 'log/'],
    types: ['workflows/'],
    packages: [...TEMPORAL, ...OTHERS],
  },
  {
    files: ['status/a.ts'],
    imports: ['status/', 'schedule/', 'temporal/', 'config/', 'refresh/', 'log/'],
    packages: [...TEMPORAL, ...OTHERS],
  },
  {
    files: ['refresh-once/a.ts'],
    imports: ['refresh-once/', 'app.ts', 'activities/', 'config/', 'refresh/', 'log/'],
    packages: OTHERS,
  },
  {
    files: ['doctor/a.ts'],
    imports: ['doctor/', 'schedule/', 'temporal/', 'refresh-once/', 'app.ts', 'config/', ...BASE],
    types: ['activities/'],
    packages: [...TEMPORAL, ...OTHERS],
  },
  { files: ['worker.ts'], imports: PRODUCT, packages: [...TEMPORAL, ...OTHERS] },
  { files: ['version.ts'], imports: [], packages: [] },
  // A new folder or file must not import from src/ until it has a row.
  { files: ['new-folder/a.ts', 'new-file.ts'], imports: [], packages: [...TEMPORAL, ...OTHERS] },
  { files: ['../scripts/a.ts'], imports: [...PRODUCT, '../scripts/'], packages: [...TEMPORAL, ...OTHERS] },
  { files: ['../scripts/dev/a.ts'], imports: PLACES, packages: [...TEMPORAL, ...OTHERS] },
  {
    files: ['../sandbox/a.ts'],
    imports: [...PRODUCT, '../scripts/', '../sandbox/'],
    packages: PACKAGES,
  },
];
