// Reports an error before the command line is loaded, in the form of the command. JavaScript that old versions parse.

/**
 * Prints the error in one line, or with --json as a document, and sets the exit code.
 * @param {{code: string, message: string, remedy: string, exitCode: number}} error message and remedy are sentences
 * @param {readonly string[]} args of the command line
 */
export function reportEarly({ code, message, remedy, exitCode }, args) {
  if (args.includes('--json')) {
    const document = { error: { code: code, message: message, remedy: remedy, problems: [] } };
    process.stdout.write(JSON.stringify(document, null, 2) + '\n');
  } else if (args[0] === 'worker' && !process.stderr.isTTY) {
    const line = { level: 'error', time: new Date().toISOString(), msg: message + ' ' + remedy };
    process.stderr.write(JSON.stringify(line) + '\n');
  } else {
    process.stderr.write(message + ' ' + remedy + '\n');
  }
  process.exitCode = exitCode;
}
