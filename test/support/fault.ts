// Faults of a stand-in: a delayed, wrong or missing response, or a closed connection.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson, sendText } from '../../sandbox/local-server.js';

/** The fault of one request. With only `delayMs` or `until`, the normal response is delayed. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** A string is sent unchanged, everything else as JSON. */
  body?: unknown;
  delayMs?: number;
  /** Respond when this is settled. */
  until?: Promise<unknown>;
  /** Close the connection without a response. */
  drop?: true;
  /** Never respond. */
  hang?: true;
}

/** Applies a fault. True if the request needs no further response; false if it gets its normal response now. */
export async function playFault(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined) return false;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
  await fault.until;
  if (fault.hang === true) return true;
  if (fault.drop === true) {
    response.socket?.destroy();
    return true;
  }
  if (fault.status === undefined && fault.body === undefined) return false;
  const status = fault.status ?? 200;
  if (typeof fault.body === 'string') sendText(response, status, fault.body, fault.headers);
  else if (fault.body === undefined) sendText(response, status, '', fault.headers);
  else sendJson(response, status, fault.body, fault.headers);
  return true;
}
