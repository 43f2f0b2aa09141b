// Owns the look for what hides a connection of Airflow's database: a secrets backend, an environment variable.
// Refuses to fail a run for it, to send a password, and to let Airflow run any code for it: it is silent instead.
import { z } from 'zod';
import type { OverrideCandidate, Overrides } from '../port.js';
import { withDeadline } from '../../net/deadline.js';
import type { ApiResponse, RequestContext } from './transport.js';
import { hasDifferentConnectionText } from './response-texts.js';
import type { AirflowStore, RestOptions } from './rest-api.js';

/** Of the two minutes that an inspection may take, after up to 20 reads of 3 s each. */
const LOOK_LIMIT_MS = 15_000;
/** A host that no connection has. Airflow compares it and does not connect to it. */
const NO_HOST = 'airflow-ecr-refresh.invalid';
/** A type that no provider has: where the hosts are the same, Airflow would go on to the hook of the type. */
const NO_TYPE = 'airflow-ecr-refresh';

const BACKEND = z.object({
  sections: z.tuple([z.object({ options: z.tuple([z.object({ value: z.string() })]) })]),
});
const CLASS_PATH = /^(?:\w{1,100}\.)*(\w{1,100})$/;

/** What an API version can be asked. */
export interface OverrideSettings {
  /** Settings that name a secrets backend, the API server's own first. */
  readonly backends: readonly (readonly [section: string, option: string])[];
  /** Whether a test of a connection begins with a comparison: since some Airflow 3, never in Airflow 2. */
  readonly compares: boolean;
}

/** The look at one Airflow. What Airflow refuses once is not asked again by this process. */
export function createOverrideFinder(
  { name, transport }: RestOptions,
  questions: OverrideSettings,
  limitMs = LOOK_LIMIT_MS,
): AirflowStore['findOverrides'] {
  const refused = new Set<'configuration' | 'tests'>();

  async function readBackends(found: string[], signal: AbortSignal): Promise<void> {
    const attempt: RequestContext = { airflow: name, action: 'GET secrets backend' };
    for (const [section, option] of questions.backends) {
      if (refused.has('configuration')) return;
      const path = `/config/section/${section}/option/${option}`;
      const answer = await transport.send(attempt, { method: 'GET', path }, signal);
      if (answer.status === 403) refused.add('configuration');
      const backend = answer.status === 200 ? nameBackend(answer) : undefined;
      if (backend !== undefined && !found.includes(backend)) found.push(backend);
    }
  }

  /** Whether Airflow has a connection of this id, wherever, whose host is another. Undefined: it does not say. */
  async function hasOtherHost(id: string, host: string, signal: AbortSignal): Promise<boolean | undefined> {
    const attempt: RequestContext = { airflow: name, action: `POST test of connection ${id}` };
    const json = { connection_id: id, conn_type: NO_TYPE, host };
    const answer = await transport.send(attempt, { method: 'POST', path: '/connections/test', json }, signal);
    if (answer.status === 403) refused.add('tests');
    if (answer.status === 200) return false;
    return answer.status === 400 && hasDifferentConnectionText(answer) ? true : undefined;
  }

  async function findHidden(
    connections: readonly OverrideCandidate[],
    found: string[],
    signal: AbortSignal,
  ): Promise<void> {
    if (!questions.compares || refused.has('tests')) return;
    // Up to Airflow 3.1 there is no comparison, and every host is answered alike: one question instead of a hundred.
    const there = connections.find(({ host }) => host !== null);
    if (there && !(await hasOtherHost(there.id, NO_HOST, signal))) return;
    for (const { id, host } of connections) {
      const isOther = await hasOtherHost(id, host ?? NO_HOST, signal);
      if (isOther === undefined) return;
      if (isOther) found.push(id);
    }
  }

  return async (connections, signal): Promise<Overrides> => {
    const backends: string[] = [];
    const hidden: string[] = [];
    try {
      await withDeadline(limitMs, signal, async (within) => {
        await readBackends(backends, within);
        await findHidden(connections, hidden, within);
      });
    } catch {
      // Whatever ails Airflow, the steps of the run say it; what was found out before is told.
      signal.throwIfAborted();
    }
    return { backends: [...backends], hidden: [...hidden] };
  };
}

/** The bare name of the class; undefined when none is set. Its arguments are another setting, never asked for. */
function nameBackend(answer: ApiResponse): string | undefined {
  const parsed = BACKEND.safeParse(answer.json);
  const value = parsed.success ? parsed.data.sections[0].options[0].value.trim() : '';
  if (value === '') return undefined;
  return CLASS_PATH.exec(value)?.[1] ?? 'class not shown';
}
