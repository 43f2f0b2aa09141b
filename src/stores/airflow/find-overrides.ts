// Finds connections that Airflow reads from a secrets backend or an environment variable before its database. Sends no
// password, and Airflow runs no hook.
import { z } from 'zod';
import type { OverrideCandidate, Overrides } from '../port.js';
import { TEST_RESULT } from './response-schemas.js';
import { hasDifferentConnectionText } from './response-texts.js';
import type { AirflowApi, ApiRequest, ApiResponse, MajorVersion } from './transport.js';

/** A host that no connection has. Airflow compares it and does not connect to it. */
const NO_HOST = 'airflow-ecr-refresh.invalid';
/** A type that no provider has: if the hosts are equal, Airflow would run the hook of the type. */
const NO_TYPE = 'airflow-ecr-refresh';

/** Settings that name a secrets backend: the API server's, and since Airflow 3 the workers'. */
const SETTINGS = ['/config/section/secrets/option/backend', '/config/section/workers/option/secrets_backend'];

const BACKEND = z.object({
  sections: z.tuple([z.object({ options: z.tuple([z.object({ value: z.string() })]) })]),
});
const CLASS_PATH = /^(?:\w{1,100}\.)*(\w{1,100})$/;

/** Omits what Airflow does not show before the signal fires. */
export async function findOverrides(
  airflow: string,
  api: AirflowApi,
  candidates: readonly OverrideCandidate[],
  signal: AbortSignal,
): Promise<Overrides> {
  // Other checks report failures of Airflow.
  const send: Send = (request) => api.send({ airflow, ...request }, signal).catch(() => undefined);
  return {
    backends: await findBackends(send, api.major),
    // Airflow 2 does not compare: its test uses only the connection in the request.
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
  // Airflow up to 3.1 does not compare and responds to every host in the same way: one request instead of twenty.
  const stored = candidates.find(({ host }) => host !== null);
  if (stored && !(await hasOtherHost(send, stored.id, NO_HOST))) return hidden;
  for (const { id, host } of candidates) {
    const isOther = await hasOtherHost(send, id, host ?? NO_HOST);
    if (isOther === undefined) break;
    if (isOther) hidden.push(id);
  }
  return hidden;
}

/** Whether any source of Airflow has this id with a different host; undefined when Airflow does not show it. */
async function hasOtherHost(send: Send, id: string, host: string): Promise<boolean | undefined> {
  const json = { connection_id: id, conn_type: NO_TYPE, host };
  const action = `POST test of connection ${id}`;
  const response = await send({ action, method: 'POST', path: '/connections/test', json });
  if (response?.status === 200) return TEST_RESULT.safeParse(response.json).success ? false : undefined;
  return response?.status === 400 && hasDifferentConnectionText(response) ? true : undefined;
}

/**
 * Class name without its module; undefined when none is set. Its arguments are a separate setting, which is not read.
 */
function nameBackend(setting: unknown): string | undefined {
  const parsed = BACKEND.safeParse(setting);
  const value = parsed.success ? parsed.data.sections[0].options[0].value.trim() : '';
  if (value === '') return undefined;
  return CLASS_PATH.exec(value)?.[1] ?? 'class not shown';
}
