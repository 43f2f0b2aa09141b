// All secrets of a fixture: those it was created with, those that stand-ins issue, and those that tests generate.
import { randomBytes } from 'node:crypto';
import type { AirflowStandIn } from '../../support/airflow-stand-in.js';
import type { AwsStandIn } from '../../support/aws.js';
import type { KnownSecret } from '../../secret-scan/find-secrets.js';
import { ecrTokenSecret, jwtSecrets } from '../../secret-scan/secret-core.js';

export interface FixtureSecrets {
  /** Generates a secret for a stand-in to return. */
  make(name: string): string;
  /** A text with the latest secret of each kind, as a hostile or careless service could return it. */
  quote(): string;
  /** All secrets so far, for a scan. */
  known(): KnownSecret[];
}

export function createFixtureSecrets(
  aws: AwsStandIn,
  airflow: AirflowStandIn,
  fixed: readonly KnownSecret[],
): FixtureSecrets {
  const made: KnownSecret[] = [];
  const jwts = (): string[] => [
    ...new Set(
      airflow.requests.flatMap(({ headers }) => headers['authorization']?.slice('Bearer '.length) ?? []),
    ),
  ];
  return {
    make(name) {
      const value = randomBytes(60).toString('base64');
      made.push({ name: `${name} ${made.length + 1}`, value });
      return value;
    },
    quote() {
      const issued = [jwts().at(-1), aws.issued.at(-1)?.password].filter((value) => value !== undefined);
      return `quoting ${[...fixed.map(({ value }) => value), ...issued].join(' ')}`;
    },
    known: () => [
      ...fixed,
      ...made,
      ...jwts().flatMap((jwt, index) => jwtSecrets(`JWT ${index + 1}`, jwt)),
      ...aws.issued.map(({ password }, index) => ecrTokenSecret(`ECR token ${index + 1}`, password)),
    ],
  };
}
