// One HTTP exchange of the Airflow stand-in: how a request is read and a response sent, as Airflow does both.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText, sendJson, sendText } from '../local-server.js';

/** A request, its body parsed. */
export interface AirflowRequest {
  method: string;
  /** Without query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** Parsed JSON; the text when it is not JSON; undefined when empty. */
  body: unknown;
}

/** Status and body; an undefined body is an empty one, a string is plain text. */
export interface AirflowAnswer {
  status: number;
  body: unknown;
}

/** Reads a request, with the response that it gets at once when its JSON is broken. */
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

/** Sends what Airflow would. */
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
