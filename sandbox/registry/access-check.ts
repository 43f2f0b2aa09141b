// Allows access to the registry only with an unexpired token of the AWS stand-in, as ECR does. Other callers get ECR's
// error responses.
import type { ServerResponse } from 'node:http';
import type { TokenChecks } from '../aws/token-mint.js';
import { sendJson, sendText } from '../local-server.js';

/** User and password of a Basic header. */
export interface Credentials {
  user: string;
  password: string;
}

/** A response of the gate itself. */
export interface GateAnswer {
  status: number;
  /** A string is sent unchanged, everything else as JSON. */
  body: unknown;
  headers?: Record<string, string>;
}

/** The error response if the caller is denied; undefined otherwise. */
export function checkAccess(
  credentials: Credentials | undefined,
  host: string,
  tokens: TokenChecks,
): GateAnswer | undefined {
  if (credentials?.user !== 'AWS') {
    const challenge = `Basic realm="https://${host}/",service="ecr.amazonaws.com"`;
    return { status: 401, body: 'Not Authorized\n', headers: { 'Www-Authenticate': challenge } };
  }
  const token = tokens.find(credentials.password);
  // ECR also reports "expired" for every unknown password
  if (token?.service !== 'ecr' || tokens.check(credentials.password) !== 'valid') {
    return registryError(
      403,
      'DENIED',
      'Your authorization token has expired. Reauthenticate and try again.',
    );
  }
  return undefined;
}

/** Reads a Basic Authorization header; undefined for any other header. */
export function readCredentials(header: string | undefined): Credentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** An error in the form of the distribution API. */
export function registryError(status: number, code: string, message: string): GateAnswer {
  return { status, body: { errors: [{ code, message }] } };
}

export function sendAnswer(response: ServerResponse, { status, body, headers }: GateAnswer): void {
  if (typeof body === 'string') sendText(response, status, body, headers);
  else sendJson(response, status, body, headers);
}
