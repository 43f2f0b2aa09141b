import { SingleFlight } from '../../net/single-flight.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { failure, FRONT_REMEDY, toRequestFailure } from './response-errors.js';
import { parseResponse, VERSION } from './response-schemas.js';
import type { AirflowApi, AirflowTransport, ApiResponse, MajorVersion, RequestContext } from './transport.js';

/** Two requests of 30 s. */
const DETECTION_TIMEOUT_MS = 60_000;

const VERSION_REQUEST = { method: 'GET', path: '/version', anonymous: true } as const;

/** @throws RefreshFailure */
export async function readVersion(
  airflow: string,
  transport: AirflowTransport,
  signal: AbortSignal,
): Promise<string> {
  const context: RequestContext = { airflow, action: 'GET version' };
  return parseResponse(context, await transport.send(context, VERSION_REQUEST, signal), VERSION).version;
}

/** Which REST API one Airflow has: as configured, or detected on first use and kept until Airflow may have changed. */
export class ApiVersion {
  readonly #transports: Readonly<Record<MajorVersion, AirflowTransport>>;
  readonly #context: RequestContext;
  readonly #isConfigured: boolean;
  readonly #detections = new SingleFlight<AirflowApi>();
  #api: AirflowApi | undefined;
  #responded: string | undefined;

  constructor(
    airflow: string,
    configured: 'auto' | MajorVersion,
    transports: Readonly<Record<MajorVersion, AirflowTransport>>,
  ) {
    this.#context = { airflow, action: 'GET version' };
    this.#transports = transports;
    this.#isConfigured = configured !== 'auto';
    if (configured !== 'auto') this.#api = { major: configured, transport: transports[configured] };
  }

  /** The version that the last detection found, such as `3.3.2`. */
  get responded(): string | undefined {
    return this.#responded;
  }

  /** @throws RefreshFailure of the detection or of `call` */
  async use<T>(signal: AbortSignal, call: (api: AirflowApi) => Promise<T>): Promise<T> {
    const api = this.#api ?? (await this.#detect(signal));
    try {
      return await call(api);
    } catch (error) {
      // Either is what an Airflow of the other version would cause.
      const mayHaveChanged =
        error instanceof RefreshFailure &&
        (error.type === 'StoreRequestRejected' || error.type === 'StoreUnavailable');
      if (mayHaveChanged && !this.#isConfigured) this.#api = undefined;
      throw error;
    }
  }

  async #detect(signal: AbortSignal): Promise<AirflowApi> {
    try {
      this.#api = await this.#detections.run('version', DETECTION_TIMEOUT_MS, signal, (within) =>
        this.#requestVersion(within),
      );
      return this.#api;
    } catch (error) {
      throw toRequestFailure(this.#context, error);
    }
  }

  /** The newer API first: Airflow 2 and 3 respond with 404 to the other's. */
  async #requestVersion(signal: AbortSignal): Promise<AirflowApi> {
    const { 2: older, 3: newer } = this.#transports;
    let response = await newer.send(this.#context, VERSION_REQUEST, signal);
    // InvokeRestApi of MWAA adds the version to the path itself.
    if (response.status === 404 && older !== newer) {
      response = await older.send(this.#context, VERSION_REQUEST, signal);
      if (response.status === 404) throw this.#foundNeither();
    }
    const major = this.#parseMajor(response);
    return { major, transport: this.#transports[major] };
  }

  #parseMajor(response: ApiResponse): MajorVersion {
    const { version } = parseResponse(this.#context, response, VERSION);
    const major = Number.parseInt(version, 10);
    if (major === 2 || major === 3) {
      this.#responded = version;
      return major;
    }
    const advice = `Airflow ${version} is not supported; set \`version\` to try it anyway`;
    throw failure('StoreRequestRejected', this.#context, advice);
  }

  /** An ingress without ready endpoints responds like a wrong URL, but not for long. */
  #foundNeither(): RefreshFailure {
    const advice =
      'neither /api/v2/version nor /api/v1/version exists: check the URL (without /api/v2) and the proxy in front of it';
    return failure('StoreUnavailable', this.#context, advice, 404, FRONT_REMEDY);
  }
}
