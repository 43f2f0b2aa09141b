/** The version in package.json; sent as user agent. */
export const VERSION = '0.1.0';
