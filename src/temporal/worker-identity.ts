// The identity of our workers, which Temporal shows with each task that they took and each poll.
import { MAX_CHARS, toSafeText } from '../refresh/safe-text.js';

const PRODUCT = 'airflow-ecr-refresh';
/** A Kubernetes host name has at most 63 characters, others up to 253. */
const IDENTITY =
  /^airflow-ecr-refresh\/([\w.+-]{1,40})@([^#]{1,255})#(\d{1,10})(?: \(config ([0-9a-f]{12})\))?$/;

export interface WorkerIdentity {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Hash of the configuration that it started with; null when the identity does not have it. */
  readonly configHash: string | null;
}

/** `airflow-ecr-refresh/0.1.0@host#123 (config 0123456789ab)` */
export function formatIdentity({ version, host, pid, configHash }: WorkerIdentity): string {
  const config = configHash === null ? '' : ` (config ${configHash})`;
  return `${PRODUCT}/${version}@${toSafeText(host, MAX_CHARS.id)}#${pid}${config}`;
}

/** Undefined when it is not the identity of one of our workers. */
export function parseIdentity(text: string): WorkerIdentity | undefined {
  const [, version, host, pid, configHash = null] = IDENTITY.exec(text) ?? [];
  if (version === undefined || host === undefined || pid === undefined) return undefined;
  return { version, host, pid: Number(pid), configHash };
}
