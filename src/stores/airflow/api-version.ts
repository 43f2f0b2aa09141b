import { SingleFlight } from '../../net/single-flight.js';
import { AirflowFailure, failure, toFrontFailure, toRequestFailure } from './response-errors.js';
import { parseResponse, VERSION } from './response-schemas.js';
import type { AirflowApi, AirflowApis, ApiRequest, ApiResponse, MajorVersion } from './transport.js';

/** Two requests of 30 s. */
const DETECTION_TIMEOUT_MS = 60_000;

/**
 * The REST API of one Airflow instance: configured, or detected on first use and again when Airflow may have changed.
 */
export class ApiVersion {
  readonly #apis: AirflowApis;
  readonly #request: ApiRequest;
  readonly #configured: AirflowApi | undefined;
  readonly #detections = new SingleFlight<AirflowApi>();
  #api: AirflowApi | undefined;
  #detected: string | undefined;

  constructor(airflow: string, configured: 'auto' | MajorVersion, apis: AirflowApis) {
    this.#request = { airflow, action: 'GET version', method: 'GET', path: '/version', anonymous: true };
    this.#apis = apis;
    this.#configured = configured === 'auto' ? undefined : apis[configured];
  }

  /** The version that the last detection found, such as `3.3.2`. */
  get detected(): string | undefined {
    return this.#detected;
  }

  /** @throws RefreshFailure of the detection or of `call` */
  async use<T>(signal: AbortSignal, call: (api: AirflowApi) => Promise<T>): Promise<T> {
    const api = this.#configured ?? this.#api ?? (await this.#detect(signal));
    try {
      return await call(api);
    } catch (error) {
      if (isFromOtherVersion(error)) this.#api = undefined;
      throw error;
    }
  }

  /** Requests the current version. @throws RefreshFailure */
  async request(signal: AbortSignal): Promise<string> {
    return this.use(signal, async (api) => parseVersion(await api.send(this.#request, signal)));
  }

  async #detect(signal: AbortSignal): Promise<AirflowApi> {
    try {
      return await this.#detections.run('version', DETECTION_TIMEOUT_MS, signal, async (within) => {
        const version = parseVersion(await this.#findApi(within));
        this.#api = this.#chooseApi(version);
        this.#detected = version;
        return this.#api;
      });
    } catch (error) {
      throw toRequestFailure(this.#request, error);
    }
  }

  /** Tries the newer API first: Airflow 2 and 3 return 404 for the other's paths. */
  async #findApi(signal: AbortSignal): Promise<ApiResponse> {
    for (const major of [3, 2] as const) {
      const response = await this.#apis[major].send(this.#request, signal);
      if (response.status !== 404) return response;
    }
    const advice =
      'neither /api/v2/version nor /api/v1/version exists: check the URL (without /api/v2) and the proxy in front of it';
    // An ingress without ready endpoints also returns 404, but not for long.
    throw toFrontFailure(this.#request, advice, 404);
  }

  #chooseApi(version: string): AirflowApi {
    const major = Number.parseInt(version, 10);
    if (major === 2 || major === 3) return this.#apis[major];
    const advice = `Airflow ${version} is not supported; set \`version\` to try it anyway`;
    throw failure('StoreRequestRejected', this.#request, advice);
  }
}

/**
 * Whether a failure may be due to a change of Airflow's version: Airflow rejects the request, or returns a page
 * because the path does not exist. Server errors and database conflicts (409) do not count; both may occur for many
 * connections in a row.
 */
function isFromOtherVersion(error: unknown): boolean {
  if (!(error instanceof AirflowFailure)) return false;
  const { type, status } = error;
  if (type === 'StoreUnavailable') return status === undefined || status === 404 || status === 405;
  return type === 'StoreRequestRejected' && status !== 409;
}

function parseVersion(response: ApiResponse): string {
  return parseResponse(response, VERSION).version;
}
