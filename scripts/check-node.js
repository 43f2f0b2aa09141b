// Refuses a Node version that is too old, before anything else is loaded: an old Node may not parse the rest. So this file
// is JavaScript that old versions parse.
import { reportEarly } from './early-error.js';

/** As `engines` in package.json. */
export const MINIMUM_NODE = '20.19';

/**
 * Reports an unsupported version in one line and sets exit code 78.
 * @param {string} version such as `20.19.0`
 * @param {readonly string[]} args of the command line
 * @returns {boolean} whether the version is supported
 */
export function checkNode(version, args) {
  if (isAtLeast(version, MINIMUM_NODE)) return true;
  const message = 'Node ' + version + ' is not supported.';
  const remedy = 'Install Node ' + MINIMUM_NODE + ' or later.';
  reportEarly({ code: 'node-unsupported', message: message, remedy: remedy, exitCode: 78 }, args);
  return false;
}

/**
 * @param {string} version
 * @param {string} minimum
 */
function isAtLeast(version, minimum) {
  const parts = version.split('.').map(Number);
  const least = minimum.split('.').map(Number);
  return parts[0] > least[0] || (parts[0] === least[0] && parts[1] >= least[1]);
}
