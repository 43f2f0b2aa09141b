/** Concurrent first attempts, of up to 10 s each. An API server has few processes, and others use it, too. */
export const READS_AT_ONCE = 2;
export const UPDATES_AT_ONCE = 2;
/** Each connection takes one request, of up to 3 s on a slow API server; a few requests run concurrently. */
export const NAMED_PER_INSPECTION = 20;
/** The number of connections in one bulk request. */
export const CONNECTIONS_PER_UPDATE = 100;
/** Attempts for a page before single rows of it are retried: the second attempt splits the page. */
export const ATTEMPTS_BEFORE_SPLIT = 2;
/** Used if the list omits required fields: each connection then takes one request to read and one to write. */
export const CONNECTIONS_PER_UPDATE_ONE_BY_ONE = 10;
