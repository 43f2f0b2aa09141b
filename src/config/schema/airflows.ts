// Owns the form of `airflows`: address, ways to sign in, and which connections.
// Refuses nothing that spans two settings: that is for what resolves them.
import { z } from 'zod';

import { connectionId, connectionPattern, nameSchema, secretReference, valueOrReference } from './values.js';

export const mwaaSchema = z.strictObject({
  environment: valueOrReference.meta({
    description: 'Name of the MWAA environment.',
    examples: ['my-environment'],
  }),
  region: valueOrReference.meta({ description: 'AWS region of the environment.', examples: ['us-east-1'] }),
});

export const authSchema = z
  .strictObject({
    username: valueOrReference.optional().meta({
      description: 'Airflow user that the worker signs in as, by password.',
      examples: ['ecr-refresh'],
    }),
    password: secretReference.optional().meta({
      description: 'Password of that user. Read anew at each sign-in, so that a rotated file is picked up.',
      examples: [{ env: 'AIRFLOW_PASSWORD' }],
    }),
    token: secretReference.optional().meta({
      description:
        'Bearer token of a managed Airflow such as Astronomer or Cloud Composer. Read anew at each sign-in, so ' +
        'that whatever issues short-lived tokens can keep writing a file.',
      examples: [{ file: 'secrets/airflow-token' }],
    }),
    mwaa: mwaaSchema.optional().meta({
      description:
        'An environment of Amazon MWAA, spoken to through AWS (`airflow:InvokeRestApi`) with the credentials of ' +
        'the worker. Such an airflow has no `url`, `headers`, `caFile` or `allowInsecureHttp`.',
      examples: [{ environment: 'my-environment', region: 'us-east-1' }],
    }),
  })
  // For editors that know JSON Schema. The loader says the same in words of its own.
  .meta({
    oneOf: [{ required: ['username', 'password'] }, { required: ['token'] }, { required: ['mwaa'] }],
  });

/** An id or a pattern; which of the settings go together is for what resolves them. */
export const connectionRuleSchema = z
  .strictObject({
    id: connectionId.optional().meta({ description: 'Id of one connection.', examples: ['docker_eu'] }),
    match: connectionPattern.optional().meta({
      description:
        'Pattern of ids, in place of `id`: every docker connection whose whole id matches, capitals and small ' +
        'letters being different. `*` stands for any number of characters, `?` for one. Airflow is asked for its ' +
        'connections at each run, so that new ones are found.',
      examples: ['*_ecr'],
    }),
    registry: nameSchema.optional().meta({
      description:
        'Name of an entry of `registries` that the connection must be of; one of another registry is refused, ' +
        'and not written. Without it any registry of ECR or of `registries` will do.',
      examples: ['eu'],
    }),
    ifMissing: z
      .enum(['fail', 'create'], { error: 'is neither fail nor create' })
      .optional()
      .meta({
        description:
          'What happens when Airflow has no connection of this `id`: `fail` (the default) reports it, `create` ' +
          'creates it, of type docker, with login AWS and the host of `registry`, which must then be given.',
        examples: ['create'],
      }),
  })
  .meta({ oneOf: [{ required: ['id'] }, { required: ['match'] }] });

export const connectionSchema = z.union([connectionId, connectionRuleSchema], {
  error: ({ input }) =>
    typeof input === 'number' || typeof input === 'boolean'
      ? 'is not text'
      : 'is neither an id nor a mapping with `id` or `match`',
});

const PASSWORD_EXAMPLE = { username: 'ecr-refresh', password: { env: 'AIRFLOW_PASSWORD' } };

export const airflowSchema = z
  .strictObject({
    name: nameSchema.meta({
      description:
        'Name of this Airflow in reports. At most 63 lower-case letters, digits and hyphens; unique.',
      examples: ['main'],
    }),
    url: valueOrReference.optional().meta({
      description:
        'Address of Airflow, with its sub-path where it has one, without /api/v2. https:// only; http:// on ' +
        'loopback or with allowInsecureHttp. Required, but for Amazon MWAA, where it must not stand.',
      examples: ['https://airflow.example.com'],
    }),
    auth: authSchema.meta({
      description: 'How the worker signs in: by exactly one of user and password, token, or MWAA.',
      examples: [
        PASSWORD_EXAMPLE,
        { token: { file: 'secrets/airflow-token' } },
        { mwaa: { environment: 'my-environment', region: 'us-east-1' } },
      ],
    }),
    connections: z
      .array(connectionSchema)
      .min(1)
      .max(10_000)
      .meta({
        description:
          'The Airflow connections to keep fresh: ids, or mappings that say more. Ids are of at most 200 letters, ' +
          'digits, dots, hyphens and underscores. No two entries may pick the same connection, neither here nor ' +
          'under another airflow with the same URL; at most 100 patterns for one URL.',
        examples: [
          ['docker_default'],
          ['docker_default', { id: 'docker_eu', registry: 'eu', ifMissing: 'create' }, { match: '*_ecr' }],
        ],
      }),
    version: z
      .literal(['auto', 2, 3], { error: 'is none of auto, 2 and 3' })
      .default('auto')
      .meta({
        description: 'Major version of this Airflow; `auto` asks it. State it where its version is hidden.',
        examples: [3],
      }),
    headers: z
      .record(z.string(), valueOrReference)
      .default({})
      .meta({
        description:
          'Headers to send with every request to this Airflow, for what stands in front of it; at most 20. Not ' +
          'for Authorization (see `auth`), Host, Content-Type, Content-Length and others that the request itself ' +
          'decides. A header whose name speaks of a secret, such as X-Api-Key or Cookie, must be a reference. ' +
          'References are read anew for each request.',
        examples: [{ 'X-Team': 'data', 'X-Api-Key': { env: 'AIRFLOW_API_KEY' } }],
      }),
    caFile: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .meta({
        description:
          "PEM file with certificates of authorities to trust for this Airflow, besides Node's own; at most " +
          '1 MiB. Relative to the folder of the configuration file.',
        examples: ['certificates/company-ca.pem'],
      }),
    allowInsecureHttp: z
      .boolean()
      .default(false)
      .meta({
        description: 'Allows http:// beyond loopback. Password and tokens then cross the network in clear.',
        examples: [true],
      }),
  })
  .meta({ anyOf: [{ required: ['url'] }, { properties: { auth: { required: ['mwaa'] } } }] });

export const airflowsSchema = z
  .array(airflowSchema)
  .min(1)
  .max(200)
  .meta({
    description: 'The Airflow deployments whose connections are kept fresh.',
    examples: [
      [
        {
          name: 'main',
          url: 'https://airflow.example.com',
          auth: PASSWORD_EXAMPLE,
          connections: ['docker_default'],
        },
      ],
    ],
  });
