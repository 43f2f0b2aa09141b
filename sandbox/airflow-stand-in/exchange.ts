// Reads a request and sends a response of the Airflow stand-in, as Airflow does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText, sendJson, sendText } from '../local-server.js';

/** A request with its parsed body. */
export interface AirflowRequest {
  method: string;
  /** Without query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** Parsed JSON; the text when it is not JSON; undefined when empty. */
  body: unknown;
}

/** Status and body: undefined sends an empty body, a string is sent as plain text. */
export interface AirflowAnswer {
  status: number;
  body: unknown;
}

/** Reads a request. If its JSON is invalid, also returns the response that rejects it. */
export async function readAirflowRequest(
  incoming: IncomingMessage,
): Promise<{ request: AirflowRequest; refusal: AirflowAnswer | undefined }> {
  const url = new URL(incoming.url ?? '/', 'http://stand-in');
  const text = await readText(incoming);
  const json = /^application\/json\b/.test(incoming.headers['content-type'] ?? '');
  const body = json ? parseBody(text) : { value: text === '' ? undefined : text };
  const request = {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([k, v]) => [k, String(v)])),
    body: 'value' in body ? body.value : text,
  };
  const refusal = 'broken' in body ? { status: 422, body: { detail: [body.broken] } } : undefined;
  return { request, refusal };
}

export function sendAirflowAnswer(response: ServerResponse, { status, body }: AirflowAnswer): void {
  if (body === undefined) response.writeHead(status).end();
  else if (typeof body === 'string') sendText(response, status, body);
  else sendJson(response, status, body);
}

function parseBody(text: string): { value: unknown } | { broken: object } {
  if (text === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const ctx = { error: 'Expecting value' };
    return { broken: { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx } };
  }
}
