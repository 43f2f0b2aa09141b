// `auth.mwaa`: an Amazon MWAA environment and the AWS principal that calls it.
import { z } from 'zod';
import { isRegion } from '../../refresh/aws-regions.js';
import type { Principal } from '../../refresh/token-group.js';
import type { Fault } from '../config-error.js';
import type { ConfigFolder } from '../config-folder.js';
import { checkTogether, report, type Settings } from './checks.js';
import {
  checkPartition,
  checkPrincipal,
  createPrincipalSettings,
  PRINCIPAL_CONFLICTS,
  toPrincipal,
} from './credentials.js';
import { text } from './values.js';

export interface MwaaEnvironment {
  /** Name of the environment. */
  readonly environment: string;
  readonly region: string;
  /** Whose credentials sign the requests. */
  readonly principal: Principal;
}

export const NOT_A_REGION: Fault = { code: 'invalid', message: 'is not a valid AWS region' };

/** Syntax of the name: CreateEnvironment in the AWS API reference. */
function checkEnvironment(name: string): Fault | undefined {
  if (/^[A-Za-z][\w-]{0,79}$/.test(name)) return undefined;
  return {
    code: 'invalid',
    message:
      'is not a valid MWAA environment name: may have at most 80 characters: letters, digits, hyphens and ' +
      'underscores; must begin with a letter',
    remedy: 'Use the name, not the ARN or URL, in the form `environment: my-environment`.',
  };
}

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    environment: text.superRefine(report(checkEnvironment)).meta({
      description: 'Name of the MWAA environment.',
      examples: ['my-environment'],
    }),
    region: text
      .superRefine(report((region) => (isRegion(region) ? undefined : NOT_A_REGION)))
      .meta({ description: 'AWS region of the environment.', examples: ['us-east-1'] }),
    ...createPrincipalSettings(folder, 'airflow-ecr-refresh'),
  });
}

type Mwaa = z.output<ReturnType<typeof createSettingsSchema>>;

export function createMwaaSchema(folder: ConfigFolder) {
  return checkTogether(createSettingsSchema(folder), checkMwaa, ({ environment, region, ...settings }) => ({
    environment,
    region,
    principal: toPrincipal(settings, folder),
  })).meta({ dependentSchemas: PRINCIPAL_CONFLICTS });
}

function checkMwaa(settings: Settings<Mwaa>): void {
  checkPrincipal(settings);
  const { region, roleArn, via = [] } = settings.valid;
  if (region === undefined || roleArn === undefined) return;
  const wrong = checkPartition([...via, roleArn], region, 'environment');
  if (wrong) settings.report(wrong.fault, wrong.key);
}

/** Names of environments are unique per account and region; the account is that of the role, if there is one. */
export function identifyEnvironment({ environment, region, principal }: MwaaEnvironment): string {
  const place = `mwaa ${region} ${environment}`;
  if (principal.kind === 'default') return place;
  const account = 'roleArn' in principal ? principal.roleArn.split(':')[4] : principal.name;
  return `${place} ${account}`;
}
