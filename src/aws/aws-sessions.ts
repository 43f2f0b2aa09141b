// The credentials and the ARN of each AWS principal, kept for the current run.
import type { Attempt } from '../refresh/attempt.js';
import type { Principal } from '../refresh/token-group.js';
import { SingleFlight } from '../net/single-flight.js';
import type { AwsIdentity } from './credentials/aws-identity.js';
import { clientSettings, type ClientSettings } from './client-settings.js';
import { describeLoad, toCredentialsFailure } from './credentials/credentials-failure.js';
import { CredentialLoad, findMaster, type CredentialSource } from './credentials/load-credentials.js';
import { getStsRegion } from './sts-region.js';

/** Login helpers, such as those for SSO and aws-vault, can take this long. */
const LOAD_LIMIT_MS = 90_000;
/** The ARN is only informational: a run must not wait long for it. */
const IDENTITY_LIMIT_MS = 5_000;
/** Credentials that expire within this time are not used; the SDK has the same rule. */
const LEAST_LEFT_MS = 300_000;
/** AWS tolerates a smaller clock offset, so it is not reported. */
const LEAST_OFFSET_MS = 240_000;
/** An attempt may start just before the deadline of its run. */
const LAST_ATTEMPT_MS = 120_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

export type Run = Pick<Attempt, 'runId' | 'deadlineMs'>;

export class AwsSession {
  readonly source: CredentialSource;
  /** The session whose credentials are used to assume the role. */
  readonly master: AwsSession | undefined;
  readonly settings: ClientSettings;
  readonly #loading = new SingleFlight<AwsIdentity>();
  readonly #arnReads = new SingleFlight<string | null>();
  #currentLoad: CredentialLoad | undefined;
  #identity: AwsIdentity | undefined;
  #arn: string | null = null;

  constructor(source: CredentialSource, master: AwsSession | undefined, settings: ClientSettings) {
    this.source = source;
    this.master = master;
    this.settings = settings;
  }

  /** True if the credentials have expired or are about to, by AWS's clock: the session is replaced, not renewed. */
  get isEnding(): boolean {
    const endMs = this.#identity?.expiration?.getTime() ?? Infinity;
    return endMs - (Date.now() + this.settings.systemClockOffset) < LEAST_LEFT_MS;
  }

  /**
   * Loads the credentials once. A load continues when the caller's signal fires, and the next caller joins it.
   * @param region the region of the registry
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled, AwsUnavailable,
   *   EcrResponseInvalid (a response of AWS STS that cannot be read)
   */
  async load(region: string, signal: AbortSignal): Promise<AwsIdentity> {
    const master = await this.master?.load(region, signal);
    if (this.#identity) return this.#identity;
    const stsRegion = getStsRegion(region);
    try {
      return await this.#loading.run('load', LOAD_LIMIT_MS, signal, (ended) =>
        this.#load(stsRegion.region, master, ended),
      );
    } catch (error) {
      const failed = { source: this.source, region: stsRegion, load: this.#currentLoad };
      throw await toCredentialsFailure(failed, error, async () =>
        this.master ? this.master.readArn(region, signal) : null,
      );
    }
  }

  async #load(stsRegion: string, master: AwsIdentity | undefined, ended: AbortSignal): Promise<AwsIdentity> {
    const load = new CredentialLoad(this.settings);
    this.#currentLoad = load;
    try {
      this.#identity = await load.run(this.source, stsRegion, master, ended);
      return this.#identity;
    } finally {
      if (this.#currentLoad === load) this.#currentLoad = undefined;
    }
  }

  /** Which credentials are being loaded; undefined when none are. */
  describeLoad(): string | undefined {
    const own = this.#currentLoad && describeLoad(this.source, this.#currentLoad);
    return this.master?.describeLoad() ?? own;
  }

  /**
   * Applies to all clients created later, in any session.
   * @param offsetMs the offset that an SDK client computed from a response
   * @returns 0 if the offset is too small to matter
   */
  noteClockOffset(offsetMs: number): number {
    this.settings.systemClockOffset = Math.abs(offsetMs) < LEAST_OFFSET_MS ? 0 : offsetMs;
    return this.settings.systemClockOffset;
  }

  /**
   * Best effort: null when AWS STS does not respond, or before the credentials are loaded.
   * @param region the region of the registry
   */
  async readArn(region: string, signal: AbortSignal): Promise<string | null> {
    const credentials = this.#identity;
    if (this.#arn !== null || !credentials) return this.#arn;
    const read = async (abortSignal: AbortSignal): Promise<string | null> => {
      const { STS } = await import('@aws-sdk/client-sts');
      const client = new STS({ ...this.settings, region: getStsRegion(region).region, credentials });
      const { Arn: arn = '' } = await client.getCallerIdentity({}, { abortSignal });
      // Shown in reports and messages, so anything that is not an ARN is dropped.
      const isArn = /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@:/-]{1,300}$/.test(arn);
      return (this.#arn = isArn ? arn : null);
    };
    return this.#arnReads.run('arn', IDENTITY_LIMIT_MS, signal, read).catch(() => null);
  }
}

/** The sessions of the latest run. */
export class AwsSessions {
  /** The clock offset in it is from AWS's latest response to a token call. */
  readonly settings = clientSettings();
  readonly #sessions = new Map<string, AwsSession>();
  #runId: string | undefined;
  #atDeadline: NodeJS.Timeout | undefined;

  /** @param run sessions of another run are dropped; omitted by callers outside a run */
  of(principal: Principal, run?: Run): AwsSession {
    if (run && run.runId !== this.#runId) this.#begin(run);
    return this.#find(principal);
  }

  /**
   * Call it when AWS rejects the credentials: the next session reads files and environment, and assumes roles, again.
   */
  drop(session: AwsSession): void {
    // Several calls may have been rejected with the same credentials: a newer session is kept.
    if (this.#sessions.get(session.source.name) !== session) return;
    this.#sessions.delete(session.source.name);
    // AWS also rejects a signature if the clock was corrected in the meantime. From offset 0 the SDK finds the right
    // one.
    this.settings.systemClockOffset = 0;
    if (session.master) this.drop(session.master);
  }

  #find(source: CredentialSource): AwsSession {
    const kept = this.#sessions.get(source.name);
    if (kept && !kept.isEnding) return kept;
    const master = findMaster(source);
    const session = new AwsSession(source, master && this.#find(master), this.settings);
    this.#sessions.set(source.name, session);
    return session;
  }

  #begin({ runId, deadlineMs = Infinity }: Run): void {
    this.#runId = runId;
    this.#sessions.clear();
    clearTimeout(this.#atDeadline);
    const leftMs = Math.max(deadlineMs - Date.now(), 0) + LAST_ATTEMPT_MS;
    this.#atDeadline = setTimeout(() => this.#sessions.clear(), Math.min(leftMs, MAX_TIMER_MS)).unref();
  }
}
