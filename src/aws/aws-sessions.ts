// What a run has of each AWS principal: its credentials, and who it is.
import type { Attempt } from '../refresh/attempt.js';
import type { Principal } from '../refresh/token-group.js';
import { SingleFlight } from '../net/single-flight.js';
import { clientSettings, type ClientSettings } from './client-settings.js';
import { CredentialProcesses } from './credential-processes.js';
import { describeLoad, toCredentialsFailure } from './credentials-failure.js';
import { findMaster, loadCredentials, type AwsIdentity, type CredentialSource } from './load-credentials.js';

/** Login helpers, such as those of SSO and aws-vault, take as long. */
const LOAD_LIMIT_MS = 90_000;
/** Who a token was issued to is worth knowing, not worth waiting for. */
const IDENTITY_LIMIT_MS = 5_000;
/** As the SDK does: credentials that end within this time are not used any more. */
const LEAST_LEFT_MS = 300_000;
/** A smaller difference of clocks is within what AWS tolerates, and not reported. */
const LEAST_OFFSET_MS = 240_000;
/** An attempt may start just before the deadline of its run. */
const LAST_ATTEMPT_MS = 120_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

export type Run = Pick<Attempt, 'runId' | 'deadlineMs'>;

export class AwsSession {
  readonly source: CredentialSource;
  /** Of those that the role is assumed with. */
  readonly master: AwsSession | undefined;
  readonly settings: ClientSettings;
  readonly #loading = new SingleFlight<AwsIdentity>();
  readonly #arnReads = new SingleFlight<string | null>();
  /** Of the load in progress. */
  #processes: CredentialProcesses | undefined;
  #identity: AwsIdentity | undefined;
  #arn: string | null = null;

  constructor(source: CredentialSource, master: AwsSession | undefined, settings: ClientSettings) {
    this.source = source;
    this.master = master;
    this.settings = settings;
  }

  /** A session is not renewed but replaced: by AWS's clock, its credentials have ended or are about to. */
  get isEnding(): boolean {
    const endMs = this.#identity?.expiration?.getTime() ?? Infinity;
    return endMs - (Date.now() + this.settings.systemClockOffset) < LEAST_LEFT_MS;
  }

  /**
   * The credentials, which are loaded once. A load continues when the caller's signal fires, and the next caller joins it.
   * @param region whose AWS STS is called
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled, AwsUnavailable
   */
  async load(region: string, signal: AbortSignal): Promise<AwsIdentity> {
    const master = await this.master?.load(region, signal);
    if (this.#identity) return this.#identity;
    try {
      return await this.#loading.run('load', LOAD_LIMIT_MS, signal, (ended) =>
        this.#load(region, master, ended),
      );
    } catch (error) {
      const isProcess = this.#processes?.areRunning ?? false;
      throw await toCredentialsFailure({ source: this.source, region, isProcess }, error, async () =>
        this.master ? this.master.readArn(region, signal) : null,
      );
    }
  }

  async #load(region: string, master: AwsIdentity | undefined, ended: AbortSignal): Promise<AwsIdentity> {
    const processes = new CredentialProcesses();
    this.#processes = processes;
    try {
      this.#identity = await processes.run(ended, () =>
        loadCredentials(this.source, region, master, this.settings),
      );
      return this.#identity;
    } finally {
      if (this.#processes === processes) this.#processes = undefined;
    }
  }

  /** Which credentials are being loaded; undefined when none are. */
  describeLoad(): string | undefined {
    const own = this.#processes && describeLoad(this.source, this.#processes.areRunning);
    return this.master?.describeLoad() ?? own;
  }

  /**
   * For all clients that are created later, of any session.
   * @param offsetMs as a client of the SDK has it after a response
   * @returns 0 where it is not worth mentioning
   */
  noteClockOffset(offsetMs: number): number {
    this.settings.systemClockOffset = Math.abs(offsetMs) < LEAST_OFFSET_MS ? 0 : offsetMs;
    return this.settings.systemClockOffset;
  }

  /** Best effort: null when AWS STS does not respond, and before the credentials are loaded. */
  async readArn(region: string, signal: AbortSignal): Promise<string | null> {
    const credentials = this.#identity;
    if (this.#arn !== null || !credentials) return this.#arn;
    const read = async (abortSignal: AbortSignal): Promise<string | null> => {
      const { STS } = await import('@aws-sdk/client-sts');
      const client = new STS({ ...this.settings, region, credentials });
      const { Arn: arn = '' } = await client.getCallerIdentity({}, { abortSignal });
      // It goes into reports and messages, so it must be an ARN and nothing else.
      const isArn = /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@:/-]{1,300}$/.test(arn);
      return (this.#arn = isArn ? arn : null);
    };
    return this.#arnReads.run('arn', IDENTITY_LIMIT_MS, signal, read).catch(() => null);
  }
}

/** The sessions of the newest run. */
export class AwsSessions {
  /** The clock's offset in it is the one that AWS's latest response to a call for a token showed. */
  readonly settings = clientSettings();
  readonly #sessions = new Map<string, AwsSession>();
  #runId: string | undefined;
  #atDeadline: NodeJS.Timeout | undefined;

  /** @param run drops the sessions of an earlier run; absent where the caller knows of none */
  of(principal: Principal, run?: Run): AwsSession {
    if (run && run.runId !== this.#runId) this.#begin(run);
    return this.#find(principal);
  }

  /** AWS rejected what the session has: the next one reads files and environment again, and assumes roles again. */
  drop(session: AwsSession): void {
    // Several calls may have been rejected with the same credentials: what came after them stays.
    if (this.#sessions.get(session.source.name) !== session) return;
    this.#sessions.delete(session.source.name);
    // A signature is also rejected when the clock has been corrected since: without an offset the SDK finds out.
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
