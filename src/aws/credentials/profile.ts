// What a profile of the AWS configuration files says about credentials, in the order in which the SDK looks, and what is
// wrong with it. Source: `@aws-sdk/credential-provider-ini`, release 3.1169.
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { findSection, type AwsFiles, type Section } from './aws-files.js';

/** Where the credentials of a profile come from in the end, after the profiles in `source_profile`. */
export type ProfileKind =
  'keys' | 'process' | 'sso' | 'login' | 'web-identity' | 'environment' | 'container' | 'instance';

export interface ProfileEnd {
  readonly kind: ProfileKind;
  /** The profile that has the settings of that kind. */
  readonly profile: string;
  readonly section: Section;
}

/** A setting that no retry can fix. */
export interface SettingsFault {
  /** Continues "profile NAME: …". */
  readonly reason: string;
  readonly remedy: Remedy;
}

export type ProfileResult = { readonly end: ProfileEnd } | { readonly fault: SettingsFault };

const CREDENTIAL_SOURCES: Readonly<Record<string, ProfileKind>> = {
  Environment: 'environment',
  EcsContainer: 'container',
  Ec2InstanceMetadata: 'instance',
};

const KINDS: readonly (readonly [kind: ProfileKind, isIn: (section: Section) => boolean])[] = [
  ['keys', hasKeys],
  ['web-identity', (section) => has(section, 'web_identity_token_file') && has(section, 'role_arn')],
  ['process', (section) => has(section, 'credential_process')],
  ['sso', (section) => Object.keys(section).some((key) => key.startsWith('sso_'))],
  ['login', (section) => has(section, 'login_session')],
];

const SETTINGS =
  'role_arn source_profile credential_source aws_access_key_id aws_secret_access_key web_identity_token_file ' +
  'credential_process login_session';

/** Whether a profile has a setting for credentials: one with only a region does not. */
export function hasCredentialSettings(section: Section): boolean {
  return Object.keys(section).some((key) => SETTINGS.split(' ').includes(key) || key.startsWith('sso_'));
}

/** Reads nothing but the settings: a login may still be missing, and a program may fail. */
export function followProfile(name: string, files: AwsFiles): ProfileResult {
  const visited: string[] = [];
  for (let profile = name; ;) {
    const section = findSection(files.profiles, profile);
    if (!section) return { fault: missingProfile(profile, files, visited.at(-1)) };
    if (visited.length > 0 && hasKeys(section)) return { end: { kind: 'keys', profile, section } };
    const { role_arn: role, source_profile: source, credential_source: credentialSource } = section;
    const isRole = role !== undefined && (source === undefined) !== (credentialSource === undefined);
    if (!isRole) return findEnd(profile, section);
    if (section['mfa_serial'] !== undefined) return { fault: mfaFault(profile) };
    if (credentialSource !== undefined) return findCredentialSource(profile, section, credentialSource);
    if (visited.includes(profile)) return { fault: cycleFault([...visited, profile]) };
    visited.push(profile);
    profile = source ?? '';
  }
}

function findEnd(profile: string, section: Section): ProfileResult {
  const kind = KINDS.find(([, isIn]) => isIn(section))?.[0];
  return kind ? { end: { kind, profile, section } } : { fault: noCredentials(profile, section) };
}

function findCredentialSource(profile: string, section: Section, name: string): ProfileResult {
  const kind = Object.hasOwn(CREDENTIAL_SOURCES, name) ? CREDENTIAL_SOURCES[name] : undefined;
  if (kind !== undefined) return { end: { kind, profile, section } };
  return {
    fault: {
      reason: `credential_source of profile ${profile} is not a valid source`,
      remedy: AWS_REMEDIES.fixCredentialSource,
    },
  };
}

function missingProfile(profile: string, files: AwsFiles, usedBy: string | undefined): SettingsFault {
  const { config, credentials } = files;
  const named = usedBy === undefined ? '' : `, the source_profile of profile ${usedBy},`;
  for (const file of [config, credentials]) {
    if (file.problem === undefined) continue;
    return {
      reason: `profile ${profile}${named} was not found, and ${file.path} ${file.problem}`,
      remedy: AWS_REMEDIES.fixConfigFile,
    };
  }
  if (config.headings.includes(profile)) {
    return {
      reason: `profile ${profile}${named} was not found: ${config.path} has a section [${profile}]`,
      remedy: AWS_REMEDIES.renameSection,
    };
  }
  return {
    reason: `profile ${profile}${named} does not exist in ${config.path} or ${credentials.path}`,
    remedy: AWS_REMEDIES.createProfile,
  };
}

function mfaFault(profile: string): SettingsFault {
  return {
    reason: `profile ${profile} has mfa_serial, and the worker cannot enter an MFA code`,
    remedy: AWS_REMEDIES.avoidMfa,
  };
}

function cycleFault(profiles: readonly string[]): SettingsFault {
  return {
    reason: `source_profile leads in a circle: ${profiles.join(' → ')}`,
    remedy: AWS_REMEDIES.endCircle,
  };
}

function noCredentials(profile: string, section: Section): SettingsFault {
  const [id, secret] = ['aws_access_key_id', 'aws_secret_access_key'];
  const missing = has(section, id) ? secret : id;
  if (has(section, id) || has(section, secret)) {
    const present = missing === id ? secret : id;
    return {
      reason: `profile ${profile} has ${present}, but not ${missing}`,
      remedy: AWS_REMEDIES.completeKeys,
    };
  }
  if (has(section, 'source_profile') && has(section, 'credential_source')) {
    return {
      reason: `profile ${profile} has both source_profile and credential_source`,
      remedy: AWS_REMEDIES.removeOneSource,
    };
  }
  if (has(section, 'role_arn')) {
    return {
      reason: `profile ${profile} has role_arn, but no source of credentials to assume the role with`,
      remedy: AWS_REMEDIES.addSource,
    };
  }
  return {
    reason: `profile ${profile} has no credentials`,
    remedy: AWS_REMEDIES.addCredentials,
  };
}

function hasKeys(section: Section): boolean {
  return has(section, 'aws_access_key_id') && has(section, 'aws_secret_access_key');
}

function has(section: Section, key: string): boolean {
  return section[key] !== undefined;
}
