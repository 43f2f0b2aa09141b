// How a stand-in misbehaves on demand: late, wrong, cut off, or silent.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson, sendText } from '../../sandbox/local-server.js';

/** How one request shall go wrong. With `delayMs` or `until` alone it is answered normally, but late. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as it is when a string, else as JSON. */
  body?: unknown;
  delayMs?: number;
  /** Answer when this is settled. */
  until?: Promise<unknown>;
  /** Close the connection without an answer. */
  drop?: true;
  /** Never answer. */
  hang?: true;
}

/** Plays a fault. True when the request is dealt with; false when it is to be answered normally now. */
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
