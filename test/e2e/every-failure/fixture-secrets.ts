// Owns every secret of a fixture: those it was made with, those that stand-ins have handed out, those that tests make up.
import { randomBytes } from 'node:crypto';
import type { AirflowStandIn } from '../../support/airflow-stand-in.js';
import type { AwsStandIn } from '../../support/aws.js';
import type { KnownSecret } from '../../secret-scan/find-secrets.js';
import { ecrTokenSecret, jwtSecrets } from '../../secret-scan/secret-core.js';

export interface FixtureSecrets {
  /** A new random one, for a part to answer with. */
  make(name: string): string;
  /** A text that quotes the latest of each kind whole: what a hostile or careless part would answer with. */
  quote(): string;
  /** All so far, as a scan looks for them. */
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
