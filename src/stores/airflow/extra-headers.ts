// Headers of the configuration on every request to an Airflow, logins included: for the gateway in front of it. Their
// values are never shown: a failure names only the header.
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
      // Ours last: authorization and content type are not for configuration.
      return http.send({ ...request, headers: { ...extra, ...request.headers } });
    },
  };
}

function valueOf(airflow: string, header: ExtraHeader): string {
  const value = header.read().reveal();
  // Node would reject it with a message that quotes it.
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new RefreshFailure(
    'ConfigInvalid',
    `Airflow ${airflow}: the value of header ${header.name} contains characters that are not valid in a header`,
    'Fix the value that its reference leads to: printable ASCII in one line.',
  );
}
