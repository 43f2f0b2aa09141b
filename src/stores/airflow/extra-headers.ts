// Owns the headers that an operator wants on every request to an Airflow, sign-ins included: for the gateway before
// it. Refuses to show their values: a failure names the header alone.
import { RefreshFailure } from '../../refresh/failures.js';
import type { ExtraHeader, HttpClient } from '../../net/http.js';

/** The client, with the headers on each request; `send` also throws RefreshFailure ConfigInvalid. */
export function withExtraHeaders(
  name: string,
  http: HttpClient,
  headers: readonly ExtraHeader[],
): HttpClient {
  if (headers.length === 0) return http;
  return {
    async send(request) {
      const extra = Object.fromEntries(headers.map((header) => [header.name, valueOf(name, header)]));
      // Ours last: the sign-in and the type of the body are not for configuration.
      return http.send({ ...request, headers: { ...extra, ...request.headers } });
    },
  };
}

function valueOf(airflow: string, header: ExtraHeader): string {
  const value = header.read().reveal();
  // Node would refuse it with a message that quotes it.
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new RefreshFailure(
    'ConfigInvalid',
    `Airflow ${airflow}: the value of header ${header.name} has characters that a header cannot carry`,
    'Mend what its reference leads to: printable ASCII in one line.',
  );
}
