// The AWS configuration files of this user, as the SDK reads them, and what is wrong with the files themselves: the SDK
// treats a file that it cannot read as empty, and skips lines that it does not understand.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { getHomeDir, loadSharedConfigFiles } from '@smithy/core/config';
import { describeFileProblem } from './file-problem.js';

export type Section = Readonly<Record<string, string | undefined>>;

export interface AwsFiles {
  /** By name, merged from both files; a key in the credentials file takes precedence. */
  readonly profiles: Readonly<Record<string, Section>>;
  readonly ssoSessions: Readonly<Record<string, Section>>;
  readonly config: AwsFile;
  readonly credentials: AwsFile;
}

interface AwsFile {
  readonly path: string;
  /** The file exists, but cannot be read or has an invalid line; continues the path in a sentence. */
  readonly problem?: string;
  /** The sections, as written between brackets. */
  readonly headings: readonly string[];
}

const SSO_SESSION = 'sso-session.';

/** The section of a name that comes from a file, which may be that of a property of every object. */
export function findSection(sections: Readonly<Record<string, Section>>, name: string): Section | undefined {
  return Object.hasOwn(sections, name) ? sections[name] : undefined;
}

/** Never throws: a file that does not exist has no sections. */
export async function readAwsFiles(env: NodeJS.ProcessEnv = process.env): Promise<AwsFiles> {
  const [config, credentials, sections] = await Promise.all([
    checkFile(env['AWS_CONFIG_FILE'], 'config'),
    checkFile(env['AWS_SHARED_CREDENTIALS_FILE'], 'credentials'),
    loadSharedConfigFiles({ ignoreCache: true }),
  ]);
  const ofConfig = Object.entries(sections.configFile);
  const profiles: Record<string, Section> = Object.fromEntries(ofConfig);
  for (const [name, section] of Object.entries(sections.credentialsFile))
    profiles[name] = { ...profiles[name], ...section };
  const ssoSessions = Object.fromEntries(
    ofConfig.flatMap(([name, section]) =>
      name.startsWith(SSO_SESSION) ? [[name.slice(SSO_SESSION.length), section]] : [],
    ),
  );
  return { profiles, ssoSessions, config, credentials };
}

async function checkFile(configured: string | undefined, name: string): Promise<AwsFile> {
  const home = getHomeDir();
  const file = configured?.replace(/^~\//, `${home}/`) || path.join(home, '.aws', name);
  try {
    return { path: file, ...parseLines(await readFile(file, 'utf8')) };
  } catch (error) {
    const problem = describeFileProblem(error);
    if (problem === undefined || problem.isMissing) return { path: file, headings: [] };
    return { path: file, headings: [], problem: `cannot be read: ${problem.words}` };
  }
}

/** Finds the first line that is neither a section, a setting of a section, nor the continuation of a setting. */
function parseLines(text: string): Pick<AwsFile, 'headings' | 'problem'> {
  const headings: string[] = [];
  let invalidLine: number | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const content = (line.split(/(?:^|\s)[;#]/)[0] ?? '').trim();
    const heading = /^\[(.*)\]$/.exec(content)?.[1];
    if (heading !== undefined) headings.push(heading.trim());
    const isSetting = headings.length > 0 && (/^[^[=][^=]*=/.test(content) || /^\s/.test(line));
    if (content !== '' && heading === undefined && !isSetting) invalidLine ??= index + 1;
  }
  if (invalidLine === undefined) return { headings };
  return {
    headings,
    problem: `cannot be parsed: line ${invalidLine} is neither a section nor a setting of one`,
  };
}
