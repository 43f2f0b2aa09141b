// What Airflow looks up before its database: a secrets backend, an environment variable. No password is sent, and Airflow
// runs no hook for it.
import { z } from 'zod';
import type { OverrideCandidate, Overrides } from '../port.js';
import { withDeadline } from '../../net/deadline.js';
import type { ApiVersion } from './api-version.js';
import { hasDifferentConnectionText } from './response-texts.js';
import type { AirflowApi, ApiResponse, RequestContext } from './transport.js';

/** Of the 15 s that `doctor` allows, after its reads of the connections. */
const LIMIT_MS = 10_000;
const MAX_COMPARED = 20;
/** A host that no connection has. Airflow compares it and does not connect to it. */
const NO_HOST = 'airflow-ecr-refresh.invalid';
/** A type that no provider has: where the hosts are the same, Airflow would continue to the hook of the type. */
const NO_TYPE = 'airflow-ecr-refresh';

/** Settings that name a secrets backend, the API server's own first; the second exists since Airflow 3. */
const SETTINGS = [
  { since: 2, path: '/config/section/secrets/option/backend' },
  { since: 3, path: '/config/section/workers/option/secrets_backend' },
];

const BACKEND = z.object({
  sections: z.tuple([z.object({ options: z.tuple([z.object({ value: z.string() })]) })]),
});
const CLASS_PATH = /^(?:\w{1,100}\.)*(\w{1,100})$/;

/** Throws only the reason of an abort: what Airflow does not show is left out. */
export async function findOverrides(
  airflow: string,
  version: ApiVersion,
  candidates: readonly OverrideCandidate[],
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<Overrides> {
  const backends: string[] = [];
  const hidden: string[] = [];
  try {
    await withDeadline(limitMs, signal, (within) =>
      version.use(within, async (api) => {
        await readBackends(airflow, api, backends, within);
        // Airflow 2 does not compare: its test looks only at what it is sent.
        if (api.major === 3) {
          await findHidden(airflow, api, candidates.slice(0, MAX_COMPARED), hidden, within);
        }
      }),
    );
  } catch {
    // Other checks report what is wrong with Airflow; what was found before is kept.
    signal.throwIfAborted();
  }
  return { backends: [...backends], hidden: [...hidden] };
}

async function readBackends(
  airflow: string,
  { major, transport }: AirflowApi,
  found: string[],
  signal: AbortSignal,
): Promise<void> {
  const context: RequestContext = { airflow, action: 'GET secrets backend' };
  for (const { since, path } of SETTINGS) {
    if (major < since) continue;
    const response = await transport.send(context, { method: 'GET', path }, signal);
    if (response.status === 403) return;
    const backend = response.status === 200 ? nameBackend(response) : undefined;
    if (backend !== undefined && !found.includes(backend)) found.push(backend);
  }
}

async function findHidden(
  airflow: string,
  api: AirflowApi,
  candidates: readonly OverrideCandidate[],
  found: string[],
  signal: AbortSignal,
): Promise<void> {
  // Up to Airflow 3.1 there is no comparison, and every host gets the same response: one request instead of twenty.
  const stored = candidates.find(({ host }) => host !== null);
  if (stored && !(await hasOtherHost(airflow, api, stored.id, NO_HOST, signal))) return;
  for (const { id, host } of candidates) {
    const isOther = await hasOtherHost(airflow, api, id, host ?? NO_HOST, signal);
    if (isOther === undefined) return;
    if (isOther) found.push(id);
  }
}

/** Whether Airflow has a connection of this id, wherever, whose host is another; undefined when it does not show that. */
async function hasOtherHost(
  airflow: string,
  { transport }: AirflowApi,
  id: string,
  host: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const context: RequestContext = { airflow, action: `POST test of connection ${id}` };
  const json = { connection_id: id, conn_type: NO_TYPE, host };
  const response = await transport.send(context, { method: 'POST', path: '/connections/test', json }, signal);
  if (response.status === 200) return false;
  return response.status === 400 && hasDifferentConnectionText(response) ? true : undefined;
}

/** The bare name of the class; undefined when none is set. Its arguments are another setting, which is never read. */
function nameBackend(response: ApiResponse): string | undefined {
  const parsed = BACKEND.safeParse(response.json);
  const value = parsed.success ? parsed.data.sections[0].options[0].value.trim() : '';
  if (value === '') return undefined;
  return CLASS_PATH.exec(value)?.[1] ?? 'class not shown';
}
