// `registries`: registries that connections name, that need their own principal, or whose host does not show account
// and region.
import { z } from 'zod';
import { ECR_PUBLIC_REGION, FIPS_REGIONS, hasFips, isAccount, isRegion } from '../../refresh/aws-regions.js';
import type { AirflowVariable, RegistryEntry } from '../../refresh/registry-entries.js';
import { DEFAULT_PRINCIPAL } from '../../refresh/token-group.js';
import { formatNames, type Fault } from '../config-error.js';
import { addFault, checkTogether, convert, report, type Settings } from './checks.js';
import { checkPartition, createCredentialsSchema } from './credentials.js';
import type { ConfigFolder } from '../config-folder.js';
import { ifThen, forbid, requireOneOf } from './for-editors.js';
import { NOT_A_REGION } from './mwaa.js';
import { checkEcrHost, checkRegistryHost, findRegion, readEcrEndpoint } from './urls.js';
import { nameSchema, readText, textOrVariable } from './values.js';

/** Text or reference with a check of the value, or an Airflow Variable, whose value is checked by each run. */
function valueOrVariable(check: (value: string) => Fault | undefined) {
  return textOrVariable.transform((setting, context): string | AirflowVariable => {
    if (typeof setting === 'object' && 'airflow' in setting) return setting;
    const reading = readText(setting);
    const fault = 'code' in reading ? reading : check(reading.result);
    if (fault) addFault(context, fault);
    return 'result' in reading ? reading.result : '';
  });
}

const PLACE = {
  name: nameSchema.meta({
    description:
      'Name of this registry, for `registry` of connections: at most 63 lower-case letters, digits and hyphens. Must ' +
      'be unique.',
    examples: ['eu'],
  }),
  kind: z
    .enum(['private', 'public'], { error: 'must be private or public' })
    .default('private')
    .meta({
      description:
        '`private`: the registry of an account in a region. `public`: ECR Public, which has neither; its tokens are ' +
        'issued in us-east-1.',
      examples: ['public'],
    }),
  region: valueOrVariable((region) => (isRegion(region) ? undefined : NOT_A_REGION))
    .exactOptional()
    .meta({
      description:
        'AWS region that issues the tokens. An Airflow Variable is read again by each run, so that a change in ' +
        'Airflow is used. Required, except for ECR Public.',
      examples: ['us-east-1', { airflowVariable: 'ecr_aws_region_name', airflow: 'main' }],
    }),
  account: valueOrVariable((account) =>
    isAccount(account)
      ? undefined
      : { code: 'invalid', message: 'is not a valid AWS account ID: must have 12 digits' },
  )
    .exactOptional()
    .meta({
      description:
        'AWS account ID: 12 digits in quotes, because YAML drops leading zeros of numbers. Required, except for ECR ' +
        'Public and with `registryHost`.',
      examples: ['123456789012', { airflowVariable: 'ecr_aws_account', airflow: 'main' }],
    }),
};

const ENDPOINTS = {
  fips: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Uses the FIPS endpoints of ECR, and requires them: connections must have the host with `ecr-fips`.',
      examples: [true],
    }),
  dualStack: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Requests tokens from the dual-stack endpoint of ECR (IPv4 and IPv6), and gives new connections the host ' +
        'with `dkr-ecr`.',
      examples: [true],
    }),
  endpoint: z
    .string()
    .max(280)
    .transform(convert(readEcrEndpoint))
    .exactOptional()
    .meta({
      description:
        'URL of the ECR API, such as a VPC endpoint without private DNS. Must begin with https://, except on loopback.',
      examples: ['https://vpce-0123456789abcdef0-abcdefgh.api.ecr.us-east-1.vpce.amazonaws.com'],
    }),
  registryHost: z
    .string()
    .max(260)
    .superRefine(report(checkRegistryHost))
    .exactOptional()
    .meta({
      description:
        'Host as in the connections, with a port if they have one; lower case. Only for a registry that is not ' +
        'reached through an ECR host, such as one behind a VPC endpoint without private DNS, or a local stand-in. ' +
        'Several entries can have the same host if their region or credentials differ: connections name the entry ' +
        'they belong to. Default: the ECR hosts of account and region.',
      examples: ['127.0.0.1:5000'],
    }),
};

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    ...PLACE,
    credentials: createCredentialsSchema(folder)
      .exactOptional()
      .meta({
        description:
          'The principal that the tokens are issued to: a role, a profile, or a web identity. One token serves all ' +
          'registries of a region with the same credentials. Default: the credentials that the AWS SDK finds.',
        examples: [
          { roleArn: 'arn:aws:iam::123456789012:role/ecr-pull', externalId: 'data-platform' },
          { profile: 'production' },
        ],
      }),
    ...ENDPOINTS,
  });
}

type Registry = z.output<ReturnType<typeof createSettingsSchema>>;

export function createRegistriesSchema(folder: ConfigFolder) {
  return z
    .array(
      checkTogether(createSettingsSchema(folder), checkRegistry, toEntry).meta(
        ifThen(
          { properties: { kind: { const: 'private' } } },
          { required: ['region'], ...requireOneOf(['account'], ['registryHost']) },
          ifThen(
            { properties: { kind: { const: 'public' } } },
            forbid('kind: public', 'account', 'registryHost'),
          ),
        ),
      ),
    )
    .max(1000)
    .default([])
    .meta({
      description:
        'Registries that connections name with `registry`, that need their own credentials or endpoint, or whose ' +
        'host does not show account and region. A connection with an ECR host needs no entry here.',
      examples: [
        [{ name: 'eu', region: 'eu-west-1', account: '123456789012' }],
        [{ name: 'sandbox', region: 'us-east-1', account: '123456789012', registryHost: '127.0.0.1:5000' }],
      ],
    });
}

function checkRegistry(settings: Settings<Registry>): void {
  const { valid } = settings;
  if (valid.kind === 'public') checkPublic(settings);
  // Without its kind it is unknown what else the entry needs.
  else if (valid.kind === 'private' && !settings.isMistyped('kind')) checkPrivate(settings);
  const region = typeof valid.region === 'string' ? valid.region : undefined;
  checkEndpoint(settings, region);
  const { credentials } = valid;
  if (region === undefined || !credentials || !('roleArn' in credentials)) return;
  const roles = [...('via' in credentials ? credentials.via : []), credentials.roleArn];
  const wrong = checkPartition(roles, region, 'registry');
  if (wrong) settings.report(wrong.fault, 'credentials', wrong.key);
}

/** ECR Public belongs to no account, and issues its tokens in one region. */
function checkPublic({ valid, isGiven, report: add }: Settings<Registry>): void {
  const addConflict = (key: string, message: string): void =>
    add({ code: 'conflict', message, remedy: `Remove \`${key}\`.` }, key);
  const because = 'cannot be combined with `kind: public`, which has';
  if (isGiven('region') && valid.region !== ECR_PUBLIC_REGION) {
    addConflict('region', `must be ${ECR_PUBLIC_REGION} for \`kind: public\``);
  }
  if (isGiven('account')) addConflict('account', `${because} no account`);
  if (isGiven('registryHost')) addConflict('registryHost', `${because} its own hosts`);
  if (valid.fips === true) addConflict('fips', `${because} no FIPS endpoints`);
}

function checkPrivate({ valid, isGiven, report: add }: Settings<Registry>): void {
  const fault = valid.registryHost === undefined ? undefined : checkEcrHost(valid.registryHost, valid);
  if (fault) add(fault, 'registryHost');
  const missing: Fault = { code: 'missing', message: 'is missing' };
  if (!isGiven('region')) add(missing, 'region');
  // With a custom host, the account is not used.
  if (!isGiven('account') && !isGiven('registryHost')) add(missing, 'account');
}

function checkEndpoint({ valid, report: add }: Settings<Registry>, region: string | undefined): void {
  const { kind, fips, dualStack, endpoint } = valid;
  const wantsFips = fips === true && kind === 'private';
  if (endpoint !== undefined) {
    const named = findRegion(endpoint);
    if (named !== undefined && region !== undefined && named !== region) {
      const remedy = `Use an endpoint in ${region}, or set \`region: ${named}\`.`;
      add(
        { code: 'mismatch', message: `is in region ${named}, but the registry is in ${region}`, remedy },
        'endpoint',
      );
    }
    const special = wantsFips ? 'fips' : dualStack === true ? 'dualStack' : undefined;
    const message = 'cannot be combined with `endpoint`, which is used instead';
    if (special)
      add({ code: 'conflict', message, remedy: `Remove \`${special}\` or \`endpoint\`.` }, special);
  } else if (wantsFips && region !== undefined && !hasFips(region)) {
    const remedy = `Remove \`fips\`: ECR has FIPS endpoints only in ${formatNames(FIPS_REGIONS)}.`;
    add({ code: 'conflict', message: `is not available in ${region}`, remedy }, 'fips');
  }
}

function toEntry({
  kind,
  region,
  account,
  credentials = DEFAULT_PRINCIPAL,
  ...rest
}: Registry): RegistryEntry {
  const ownAccount = account === undefined ? {} : { account };
  return { ...rest, kind, region: region ?? ECR_PUBLIC_REGION, ...ownAccount, principal: credentials };
}
