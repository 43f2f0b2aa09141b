// Owns the question which major version of Airflow answers. Refuses to guess: what answers neither REST v2 nor v1
// as Airflow does is no Airflow.
import { failure, toResponseFailure } from './response-errors.js';
import type { AirflowTransport, ApiResponse, RequestContext } from './transport.js';
import { toVersion } from './response-schemas.js';
import { VERSION_REQUEST } from './rest-api.js';

export type MajorVersion = 2 | 3;

/**
 * Asks each transport for the version, the newer API first. Airflow 2 and 3 answer 404 to the other's.
 * @throws RefreshFailure StoreRequestRejected when none of them is there, and what `send` throws
 */
export async function detectVersion(
  name: string,
  transports: readonly AirflowTransport[],
  signal: AbortSignal,
): Promise<MajorVersion> {
  const attempt: RequestContext = { airflow: name, action: 'GET version' };
  let answer: ApiResponse | undefined;
  for (const transport of transports) {
    answer = await transport.send(attempt, VERSION_REQUEST, signal);
    if (answer.status !== 404) return parseMajor(attempt, answer);
  }
  if (answer && transports.length === 1) throw toResponseFailure(attempt, answer);
  const advice = 'neither /api/v2/version nor /api/v1/version is there: check the URL (without /api/v2)';
  throw failure('StoreRequestRejected', attempt, advice, 404);
}

function parseMajor(attempt: RequestContext, answer: ApiResponse): MajorVersion {
  const version = toVersion(attempt, answer);
  const major = Number.parseInt(version, 10);
  if (major === 2 || major === 3) return major;
  throw failure('StoreRequestRejected', attempt, `Airflow ${version} is not known; state \`version\` to try`);
}
