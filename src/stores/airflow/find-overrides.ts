// What Airflow looks up before its database: a secrets backend, an environment variable. No password is sent, and Airflow
// runs no hook for it.
import { z } from 'zod';
import type { OverrideCandidate, Overrides } from '../port.js';
import type { ApiVersion } from './api-version.js';
import { hasDifferentConnectionText } from './response-texts.js';
import type { AirflowApi } from './transport.js';

/** A host that no connection has. Airflow compares it and does not connect to it. */
const NO_HOST = 'airflow-ecr-refresh.invalid';
/** A type that no provider has: where the hosts are the same, Airflow would continue to the hook of the type. */
const NO_TYPE = 'airflow-ecr-refresh';

/** Settings that name a secrets backend, the API server's own first; the second exists since Airflow 3. */
const SETTINGS = [
  '/config/section/secrets/option/backend',
  '/config/section/workers/option/secrets_backend',
] as const;

const BACKEND = z.object({
  sections: z.tuple([z.object({ options: z.tuple([z.object({ value: z.string() })]) })]),
});
const CLASS_PATH = /^(?:\w{1,100}\.)*(\w{1,100})$/;

/** Never fails: what Airflow does not show, or not before the signal fires, is left out. */
export async function findOverrides(
  airflow: string,
  version: ApiVersion,
  candidates: readonly OverrideCandidate[],
  signal: AbortSignal,
): Promise<Overrides> {
  const backends = new Set<string>();
  const hidden: string[] = [];
  try {
    await version.use(signal, async (api) => {
      await findBackends(airflow, api, backends, signal);
      // Airflow 2 does not compare: its test looks only at what it is sent.
      if (api.major === 3) await findHidden(airflow, api, candidates, hidden, signal);
    });
  } catch {
    // Other checks report what is wrong with Airflow; what was found before is kept.
  }
  return { backends: [...backends], hidden };
}

async function findBackends(
  airflow: string,
  api: AirflowApi,
  found: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const path of api.major === 3 ? SETTINGS : SETTINGS.slice(0, 1)) {
    const request = { airflow, action: 'GET secrets backend', method: 'GET', path } as const;
    const { status, json } = await api.send(request, signal);
    if (status === 403) return;
    const backend = status === 200 ? nameBackend(json) : undefined;
    if (backend !== undefined) found.add(backend);
  }
}

async function findHidden(
  airflow: string,
  api: AirflowApi,
  candidates: readonly OverrideCandidate[],
  found: string[],
  signal: AbortSignal,
): Promise<void> {
  /** Whether Airflow has a connection of this id, wherever, whose host is another; undefined when it does not show that. */
  async function hasOtherHost(id: string, host: string): Promise<boolean | undefined> {
    const response = await api.send(
      {
        airflow,
        action: `POST test of connection ${id}`,
        method: 'POST',
        path: '/connections/test',
        json: { connection_id: id, conn_type: NO_TYPE, host },
      },
      signal,
    );
    if (response.status === 200) return false;
    return response.status === 400 && hasDifferentConnectionText(response) ? true : undefined;
  }

  // Up to Airflow 3.1 there is no comparison, and every host gets the same response: one request instead of twenty.
  const stored = candidates.find(({ host }) => host !== null);
  if (stored && !(await hasOtherHost(stored.id, NO_HOST))) return;
  for (const { id, host } of candidates) {
    const isOther = await hasOtherHost(id, host ?? NO_HOST);
    if (isOther === undefined) return;
    if (isOther) found.push(id);
  }
}

/** The bare name of the class; undefined when none is set. Its arguments are another setting, which is never read. */
function nameBackend(setting: unknown): string | undefined {
  const parsed = BACKEND.safeParse(setting);
  const value = parsed.success ? parsed.data.sections[0].options[0].value.trim() : '';
  if (value === '') return undefined;
  return CLASS_PATH.exec(value)?.[1] ?? 'class not shown';
}
