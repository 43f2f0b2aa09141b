// Owns the form of `registries`: registries that connection entries name, or whose host tells nothing of AWS.
// Refuses nothing that spans two settings: that is for what resolves them.
import { z } from 'zod';

import { nameSchema, valueOrVariable } from './schema-values.js';

export const registrySchema = z.strictObject({
  name: nameSchema.meta({
    description:
      'Name of this registry, for the `registry` of connections. At most 63 lower-case letters, digits and ' +
      'hyphens; unique.',
    examples: ['eu'],
  }),
  region: valueOrVariable.meta({
    description:
      'AWS region whose ECR issues its tokens. An Airflow Variable is read by each run, so that an edit in ' +
      'Airflow is picked up.',
    examples: ['us-east-1', { airflowVariable: 'ecr_aws_region_name', airflow: 'main' }],
  }),
  account: valueOrVariable.meta({
    description: 'AWS account: twelve digits, in quotes, since YAML numbers lose leading zeros.',
    examples: ['123456789012', { airflowVariable: 'ecr_aws_account', airflow: 'main' }],
  }),
  registryHost: z
    .string()
    .max(260)
    .optional()
    .meta({
      description:
        'Host, with port where it has one, as the connections name it; lower case; unique. Only for a registry ' +
        'that is not reached by the host of ECR, such as a local stand-in. Default: the host that ECR gives to ' +
        'account and region, `<account>.dkr.ecr.<region>.amazonaws.com` or that of its partition.',
      examples: ['127.0.0.1:5000'],
    }),
});

export const registriesSchema = z
  .array(registrySchema)
  .max(200)
  .default([])
  .meta({
    description:
      'Registries that connections name by `registry`, and those whose account and region cannot be read from ' +
      'their host. A connection with a host of ECR needs no entry here.',
    examples: [
      [{ name: 'eu', region: 'eu-west-1', account: '123456789012' }],
      [{ name: 'sandbox', region: 'us-east-1', account: '123456789012', registryHost: '127.0.0.1:5000' }],
    ],
  });
