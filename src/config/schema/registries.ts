// Owns the form of `registries`: registries that connection entries name, that need a principal of their own, or whose
// host tells nothing of AWS. Refuses nothing that spans two settings: that is for what resolves them.
import { z } from 'zod';

import { duration, nameSchema, valueOrReference, valueOrVariable } from './values.js';

/** Grammars: AWS's references of IAM roles and of AssumeRole. */
const roleArn = z
  .string()
  // Names of token groups are made of it and of `endpoint`, and Temporal bears ids of 1,000 characters.
  .max(620)
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/, {
    error: 'is no ARN of a role',
  });

const sessionName = z.string().regex(/^[\w+=,.@-]{2,64}$/, {
  error: 'must be made of letters, digits and _ + = , . @ -, 2 to 64',
});

export const credentialsSchema = z.strictObject({
  roleArn: roleArn.optional().meta({
    description:
      'Role to assume, with what the AWS SDK finds by itself; with `webIdentityTokenFile`, with that token.',
    examples: ['arn:aws:iam::123456789012:role/ecr-pull'],
  }),
  via: z
    .array(roleArn)
    .min(1)
    .max(5)
    .optional()
    .meta({
      description:
        'Roles to assume one after the other before `roleArn`. AWS ends the sessions of such a chain after an hour.',
      examples: [['arn:aws:iam::111122223333:role/hub']],
    }),
  externalId: valueOrReference.optional().meta({
    description: 'External id that the trust policy of `roleArn` asks for.',
    examples: ['data-platform', { env: 'ECR_EXTERNAL_ID' }],
  }),
  sessionName: sessionName.optional().meta({
    description: 'Name of the sessions, seen in CloudTrail. Default: airflow-ecr-refresh.',
    examples: ['airflow-ecr-refresh'],
  }),
  sessionDuration: duration.optional().meta({
    description:
      'How long the session of `roleArn` lasts, 15m to 12h; the role must allow it. A token may die with the session ' +
      'that it was obtained with. Default: 1h, and never more where one role assumes the other.',
    examples: ['12h'],
  }),
  profile: z
    .string()
    .regex(/^[^\s[\]]{1,100}$/, { error: 'is no name of a profile: no blanks, no brackets' })
    .optional()
    .meta({
      description:
        'Profile of the AWS configuration files (AWS_CONFIG_FILE, else ~/.aws/config) to get credentials by: keys, a ' +
        'role, SSO, a process.',
      examples: ['production'],
    }),
  webIdentityTokenFile: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({
      description:
        'File with a token of an identity provider, relative to the folder of the configuration file, to assume ' +
        '`roleArn` with. It is read at each time.',
      examples: ['/var/run/secrets/tokens/aws'],
    }),
});

export const registrySchema = z.strictObject({
  name: nameSchema.meta({
    description:
      'Name of this registry, for the `registry` of connections. At most 63 lower-case letters, digits and ' +
      'hyphens; unique.',
    examples: ['eu'],
  }),
  kind: z
    .enum(['private', 'public'], { error: 'is neither private nor public' })
    .default('private')
    .meta({
      description:
        '`private`: the registry of an account in a region. `public`: ECR Public, which has neither, and issues its ' +
        'tokens in us-east-1.',
      examples: ['public'],
    }),
  region: valueOrVariable.optional().meta({
    description:
      'AWS region whose ECR issues its tokens. An Airflow Variable is read by each run, so that an edit in ' +
      'Airflow is picked up. Required, but for ECR Public.',
    examples: ['us-east-1', { airflowVariable: 'ecr_aws_region_name', airflow: 'main' }],
  }),
  account: valueOrVariable.optional().meta({
    description:
      'AWS account: twelve digits, in quotes, since YAML numbers lose leading zeros. Required, but for ECR Public.',
    examples: ['123456789012', { airflowVariable: 'ecr_aws_account', airflow: 'main' }],
  }),
  credentials: credentialsSchema.optional().meta({
    description:
      'As whom its tokens are obtained: a role, a profile, or a web identity. One token serves all registries of a ' +
      'region that have the same credentials. Default: what the AWS SDK finds by itself.',
    examples: [
      { roleArn: 'arn:aws:iam::123456789012:role/ecr-pull', externalId: 'data-platform' },
      { profile: 'production' },
    ],
  }),
  fips: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Uses the FIPS endpoints of ECR, and insists on them: connections must have the host with `ecr-fips`.',
      examples: [true],
    }),
  dualStack: z
    .boolean()
    .default(false)
    .meta({
      description: 'Asks ECR for tokens by IPv4 and IPv6, and gives new connections the host with `dkr-ecr`.',
      examples: [true],
    }),
  endpoint: z
    .string()
    .max(280)
    .optional()
    .meta({
      description:
        'Address of the ECR API, such as that of a VPC endpoint without private DNS. https:// only.',
      examples: ['https://vpce-0123456789abcdef0-abcdefgh.api.ecr.us-east-1.vpce.amazonaws.com'],
    }),
  registryHost: z
    .string()
    .max(260)
    .optional()
    .meta({
      description:
        'Host, with port where it has one, as the connections name it; lower case; unique. Only for a registry ' +
        'that is not reached by a host of ECR, such as one behind a VPC endpoint without private DNS, or a local ' +
        'stand-in. Default: the hosts that ECR gives to account and region.',
      examples: ['127.0.0.1:5000'],
    }),
});

export const registriesSchema = z
  .array(registrySchema)
  .max(1000)
  .default([])
  .meta({
    description:
      'Registries that connections name by `registry`, that need credentials or an endpoint of their own, and those ' +
      'whose account and region cannot be read from their host. A connection with a host of ECR needs no entry here.',
    examples: [
      [{ name: 'eu', region: 'eu-west-1', account: '123456789012' }],
      [{ name: 'sandbox', region: 'us-east-1', account: '123456789012', registryHost: '127.0.0.1:5000' }],
    ],
  });
