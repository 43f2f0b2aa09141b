// Role sessions of the AWS stand-in: who may assume which role, for how long, and when a session ends.
import { refuseAs } from './errors.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../../sandbox/aws/answers.js';
import { makeRoleSession, type RoleSession } from './principals.js';
import type { AwsCall } from '../../../sandbox/aws/signed-request.js';

/** The rules for assuming a role. */
export interface RoleRules {
  externalId?: string;
  /** Gets the ARN of the caller, or the subject of a web identity. Default: trusts every caller. */
  trusts?: (caller: string) => boolean;
  /** Default 3,600 s, as in AWS. */
  maxSeconds?: number;
}

/** Returns the subject of a web identity token; undefined for an invalid token. */
export type WebIdentity = (token: string) => string | undefined;

export interface Sessions {
  /** Every session, including ended ones, oldest first. */
  opened: RoleSession[];
  principalOf(accessKeyId: string): Principal;
  setPrincipal(accessKeyId: string, principal: Principal): void;
  setRole(arn: string, rules: RoleRules): void;
  setWebIdentity(next: WebIdentity | undefined): void;
  /** Sets the lifetime of later sessions, regardless of the requested duration; `undefined` ends this. */
  setLife(seconds: number | undefined): void;
  /** Opens a session without a call. */
  open(roleArn: string, sessionName: string, lifeSeconds?: number): RoleSession;
  end(accessKeyId: string): void;
  /** When the session of an access key ends; undefined for keys that do not expire. */
  endOf(accessKeyId: string): number | undefined;
  /** @throws AwsRefusal when the session of the call has ended */
  check(call: AwsCall): void;
  /** @throws AwsRefusal when the rules of the role do not allow it */
  assume(call: AwsCall): RoleSession;
  /** @throws AwsRefusal when the token is invalid, or the rules of the role do not allow it */
  assumeWithWebIdentity(call: AwsCall): { session: RoleSession; subject: string };
}

/** The default duration of a session, and the default maximum of a role. */
const DEFAULT_SECONDS = 3_600;

/** The maximum duration with role chaining. */
const CHAINED_SECONDS = 3_600;

/** The prefix of session access keys. */
const SESSION_KEY = /^ASIA/;

export function createSessions(now: () => number): Sessions {
  const principals = new Map<string, Principal>();
  const sessions = new Map<string, RoleSession>();
  const opened: RoleSession[] = [];
  const roles = new Map<string, RoleRules>();
  let webIdentity: WebIdentity | undefined;
  let lifeSeconds: number | undefined;

  const principalOf = (accessKeyId: string): Principal =>
    sessions.get(accessKeyId) ?? principals.get(accessKeyId) ?? DEFAULT_PRINCIPAL;

  const open: Sessions['open'] = (roleArn, sessionName, seconds = DEFAULT_SECONDS) => {
    const session = makeRoleSession(roleArn, sessionName, now() + (lifeSeconds ?? seconds) * 1_000);
    sessions.set(session.accessKeyId, session);
    opened.push(session);
    return session;
  };

  return {
    opened,
    principalOf,
    open,
    setPrincipal: (accessKeyId, principal) => void principals.set(accessKeyId, principal),
    setRole: (arn, rules) => void roles.set(arn, rules),
    setWebIdentity: (next) => void (webIdentity = next),
    setLife: (seconds) => void (lifeSeconds = seconds),
    endOf: (accessKeyId) => {
      const session = sessions.get(accessKeyId);
      return session && Date.parse(session.expiration);
    },
    end: (accessKeyId) => void sessions.delete(accessKeyId),
    check(call) {
      const session = sessions.get(call.accessKeyId);
      const isSession = session !== undefined || SESSION_KEY.test(call.accessKeyId);
      if (isSession && !principals.has(call.accessKeyId)) checkSession(session, call, now());
    },
    assume(call) {
      const { roleArn, sessionName, seconds } = readRequest(call);
      const rules = roles.get(roleArn);
      checkCaller(rules, principalOf(call.accessKeyId).arn, call);
      checkSeconds(rules, seconds, sessions.has(call.accessKeyId));
      return open(roleArn, sessionName, seconds);
    },
    assumeWithWebIdentity(call) {
      const { roleArn, sessionName, seconds } = readRequest(call);
      const rules = roles.get(roleArn);
      const subject = webIdentity ? webIdentity(textOf(call, 'WebIdentityToken')) : 'sandbox';
      if (subject === undefined) throw refuseAs('InvalidIdentityToken');
      if (rules?.trusts?.(subject) === false) {
        throw refuseAs('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
      }
      checkSeconds(rules, seconds, false);
      return { session: open(roleArn, sessionName, seconds), subject };
    },
  };
}

/** An unknown session key is rejected as an expired one. */
function checkSession(session: RoleSession | undefined, call: AwsCall, now: number): void {
  const isSts = call.service === 'sts';
  if (session === undefined || Date.parse(session.expiration) <= now) {
    throw refuseAs(isSts ? 'ExpiredToken' : 'ExpiredTokenException');
  }
  if (!call.hasSessionToken) {
    throw refuseAs(isSts ? 'InvalidClientTokenId' : 'UnrecognizedClientException');
  }
}

/** STS does not report whether the caller or the external id was wrong. */
function checkCaller(rules: RoleRules | undefined, caller: string, call: AwsCall): void {
  const { externalId, trusts = () => true } = rules ?? {};
  if (trusts(caller) && (externalId === undefined || externalId === textOf(call, 'ExternalId'))) return;
  throw refuseAs(
    'AccessDenied',
    `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${textOf(call, 'RoleArn')}`,
  );
}

function checkSeconds(rules: RoleRules | undefined, seconds: number, isChained: boolean): void {
  if (isChained && seconds > CHAINED_SECONDS) {
    throw refuseAs(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (rules !== undefined && seconds > (rules.maxSeconds ?? DEFAULT_SECONDS)) {
    throw refuseAs(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
}

function readRequest(call: AwsCall): { roleArn: string; sessionName: string; seconds: number } {
  return {
    roleArn: textOf(call, 'RoleArn'),
    sessionName: textOf(call, 'RoleSessionName'),
    seconds: Number(textOf(call, 'DurationSeconds') || DEFAULT_SECONDS),
  };
}

function textOf({ input }: AwsCall, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}
