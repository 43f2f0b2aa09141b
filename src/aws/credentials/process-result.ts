// How a `credential_process` failed. Shows nothing that it printed, and of its command only the program: arguments may
// be secrets.

/** @returns undefined if the process succeeded */
export function describeProcessEnd(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return `was ended by ${signal}`;
  if (code === 0) return undefined;
  // The codes of a shell.
  if (code === 127) return 'does not exist, or is not in PATH (exit code 127)';
  return code === 126 ? 'is not executable (exit code 126)' : `failed with exit code ${code}`;
}

/** The format is that of the AWS CLI. @returns undefined if the output has credentials that have not expired */
export function describeProcessOutput(output: string): string | undefined {
  let data: Record<string, unknown> | null;
  try {
    data = JSON.parse(output) as Record<string, unknown> | null;
  } catch {
    return output.trim() === '' ? 'printed nothing' : 'printed something that is not JSON';
  }
  if (data?.['Version'] !== 1) return 'did not print "Version": 1';
  const missing = ['AccessKeyId', 'SecretAccessKey'].filter((key) => data[key] === undefined);
  if (missing.length > 0) return `printed no ${missing.join(' and no ')}`;
  const { Expiration: expiration } = data;
  const hasExpired = typeof expiration === 'string' && Date.parse(expiration) < Date.now();
  return hasExpired ? 'printed credentials that have expired' : undefined;
}

/** Returns the first word of a command, without its folder; undefined if that may be something else. */
export function findProgram(command: string | undefined): string | undefined {
  const [, quoted, bare] = /^\s*(?:"([^"]+)"|(\S+))/.exec(command ?? '') ?? [];
  const file = quoted ?? bare ?? '';
  // For example NAME=VALUE in front of the program.
  if (!/^[\w.+@/ -]+$/.test(file)) return undefined;
  return file.split('/').at(-1) || undefined;
}
