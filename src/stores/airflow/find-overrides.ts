// What Airflow looks up before its database: a secrets backend, an environment variable. No password is sent, and Airflow
// runs no hook for it.
import { z } from 'zod';
import type { OverrideCandidate, Overrides } from '../port.js';
import { hasDifferentConnectionText } from './response-texts.js';
import type { AirflowApi, ApiRequest, ApiResponse, MajorVersion } from './transport.js';

/** A host that no connection has. Airflow compares it and does not connect to it. */
const NO_HOST = 'airflow-ecr-refresh.invalid';
/** A type that no provider has: where the hosts are the same, Airflow would continue to the hook of the type. */
const NO_TYPE = 'airflow-ecr-refresh';

/** Settings that name a secrets backend, the API server's own first; the second exists since Airflow 3. */
const SETTINGS = ['/config/section/secrets/option/backend', '/config/section/workers/option/secrets_backend'];

const BACKEND = z.object({
  sections: z.tuple([z.object({ options: z.tuple([z.object({ value: z.string() })]) })]),
});
const CLASS_PATH = /^(?:\w{1,100}\.)*(\w{1,100})$/;

/** What Airflow does not show, or not before the signal fires, is left out. */
export async function findOverrides(
  airflow: string,
  api: AirflowApi,
  candidates: readonly OverrideCandidate[],
  signal: AbortSignal,
): Promise<Overrides> {
  // Other checks report what is wrong with Airflow.
  const send: Send = (request) => api.send({ airflow, ...request }, signal).catch(() => undefined);
  return {
    backends: await findBackends(send, api.major),
    // Airflow 2 does not compare: its test looks only at what it is sent.
    hidden: api.major === 3 ? await findHidden(send, candidates) : [],
  };
}

type Send = (request: Omit<ApiRequest, 'airflow'>) => Promise<ApiResponse | undefined>;

async function findBackends(send: Send, major: MajorVersion): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of major === 3 ? SETTINGS : SETTINGS.slice(0, 1)) {
    const response = await send({ action: 'GET secrets backend', method: 'GET', path });
    if (response?.status === 403) break;
    const backend = response?.status === 200 ? nameBackend(response.json) : undefined;
    if (backend !== undefined) found.add(backend);
  }
  return [...found];
}

async function findHidden(send: Send, candidates: readonly OverrideCandidate[]): Promise<readonly string[]> {
  const hidden: string[] = [];
  // Up to Airflow 3.1 there is no comparison, and every host gets the same response: one request instead of twenty.
  const stored = candidates.find(({ host }) => host !== null);
  if (stored && !(await hasOtherHost(send, stored.id, NO_HOST))) return hidden;
  for (const { id, host } of candidates) {
    const isOther = await hasOtherHost(send, id, host ?? NO_HOST);
    if (isOther === undefined) break;
    if (isOther) hidden.push(id);
  }
  return hidden;
}

/** Whether Airflow has a connection of this id, wherever, whose host is another; undefined when it does not show that. */
async function hasOtherHost(send: Send, id: string, host: string): Promise<boolean | undefined> {
  const json = { connection_id: id, conn_type: NO_TYPE, host };
  const action = `POST test of connection ${id}`;
  const response = await send({ action, method: 'POST', path: '/connections/test', json });
  if (response?.status === 200) return false;
  return response?.status === 400 && hasDifferentConnectionText(response) ? true : undefined;
}

/** The bare name of the class; undefined when none is set. Its arguments are another setting, which is never read. */
function nameBackend(setting: unknown): string | undefined {
  const parsed = BACKEND.safeParse(setting);
  const value = parsed.success ? parsed.data.sections[0].options[0].value.trim() : '';
  if (value === '') return undefined;
  return CLASS_PATH.exec(value)?.[1] ?? 'class not shown';
}
