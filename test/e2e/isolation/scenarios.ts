// What fails in the Airflow of each scenario, and which connections the configuration refreshes there.
import type { AirflowRequest } from '../../support/airflow-stand-in.js';
import type { Fault } from '../../support/fault.js';

export const CONNECTIONS = '/api/v2/connections';

export interface Scenario {
  readonly named?: readonly string[];
  readonly pattern?: string;
  /** Ids of the connections that Airflow has. */
  readonly rows: readonly string[];
  readonly retryFor: string;
  readonly fault?: FaultHook | undefined;
}

type FaultHook = (request: AirflowRequest, registryHost: string) => Fault | undefined;

export function toId(row: number, prefix = 'team_'): string {
  return `${prefix}${String(row).padStart(3, '0')}`;
}

export function ids(count: number, prefix?: string): string[] {
  return Array.from({ length: count }, (_, row) => toId(row, prefix));
}

function isList({ method, path }: AirflowRequest): boolean {
  return method === 'GET' && path === CONNECTIONS;
}

/** The requested page of the list. */
function takePage(rows: readonly string[], { query }: AirflowRequest): readonly string[] {
  const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
  return rows.slice(offset, offset + limit);
}

/** Fails each page with one of these rows, like an Airflow that cannot decrypt their passwords. */
function badRows(airflowRows: readonly string[], ...bad: readonly number[]): FaultHook {
  const sorted = airflowRows.toSorted();
  return (request) => {
    if (!isList(request)) return undefined;
    const page = takePage(
      sorted.filter((id) => id.startsWith('team_')),
      request,
    );
    return bad.some((row) => page.includes(toId(row))) ? SERVER_ERROR : undefined;
  };
}

const SERVER_ERROR: Fault = { status: 500, body: 'Internal Server Error' };

function isFor(id: string): (request: AirflowRequest) => boolean {
  return ({ path }) => path === `${CONNECTIONS}/${id}`;
}

function withList(rows: number): Pick<Scenario, 'named' | 'pattern' | 'rows'> {
  return { named: ['a'], pattern: 'team_*', rows: ['a', ...ids(rows)] };
}

export const NAMES = ids(5, 'c');

export const SCENARIOS = {
  'a list that always fails': {
    ...withList(30),
    retryFor: '20s',
    fault: (request) => (isList(request) ? SERVER_ERROR : undefined),
  },
  'a list that hangs': {
    ...withList(30),
    retryFor: '10s',
    fault: (request) => (isList(request) ? { hang: true } : undefined),
  },
  'a list that is forbidden': {
    ...withList(30),
    retryFor: '5s',
    fault: (request) => (isList(request) ? { status: 403, body: { detail: 'Forbidden' } } : undefined),
  },
  'two adjacent pages with one bad row each': {
    ...withList(250),
    retryFor: '40s',
    fault: badRows(ids(250), 50, 150),
  },
  'a bad row in a short list': { ...withList(30), retryFor: '40s', fault: badRows(ids(30), 7) },
  'a bad first row, on the first of two pages': {
    ...withList(130),
    retryFor: '40s',
    fault: badRows(ids(130), 0),
  },
  'a connection that hangs when it is read': {
    named: NAMES,
    rows: NAMES,
    retryFor: '15s',
    fault: (request) => (isFor('c001')(request) ? { hang: true } : undefined),
  },
  'a connection that hangs when it is written': {
    named: NAMES,
    rows: NAMES,
    retryFor: '15s',
    fault: (request) => (isFor('c001')(request) && request.method === 'PATCH' ? { hang: true } : undefined),
  },
  'a connection that fails when it is written': {
    named: NAMES,
    rows: NAMES,
    retryFor: '60s',
    fault: (request) => (isFor('c001')(request) && request.method === 'PATCH' ? SERVER_ERROR : undefined),
  },
  'a connection whose response is malformed': {
    named: NAMES,
    rows: NAMES,
    retryFor: '60s',
    fault: (request) =>
      isFor('c001')(request) ? { body: { connection_id: 'c001', conn_type: 7 } } : undefined,
  },
  'a connection that makes a bulk write of a hundred hang': {
    pattern: 'team_*',
    rows: ids(100),
    retryFor: '15s',
    fault: (request) => {
      if (request.method !== 'PATCH') return undefined;
      return JSON.stringify(request.body).includes('"team_050"') ? { hang: true } : undefined;
    },
  },
  'a quarter of all requests failing': {
    named: ids(60, 'n'),
    rows: ids(60, 'n'),
    retryFor: '60s',
    fault: everyFourth(),
  },
  'a quarter of all requests failing, with a list': {
    ...withList(250),
    retryFor: '60s',
    fault: everyFourth(),
  },
  'an Airflow that fails every request': {
    ...withList(250),
    retryFor: '20s',
    fault: (request) => (request.path.startsWith(CONNECTIONS) ? SERVER_ERROR : undefined),
  },
  'a list that never ends': {
    ...withList(1),
    retryFor: '1s',
    fault: endlessList(),
  },
  'a total that is too small': {
    pattern: 'team_*',
    rows: ids(150),
    retryFor: '1s',
    fault: smallTotal(ids(150)),
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

/** One of four server processes fails, and receives every fourth request. */
function everyFourth(): FaultHook {
  let count = 0;
  return (request) => {
    if (!request.path.startsWith(CONNECTIONS)) return undefined;
    count += 1;
    return count % 4 === 0 ? SERVER_ERROR : undefined;
  };
}

/** Airflow's list, except for the total. */
function smallTotal(rows: readonly string[]): FaultHook {
  return (request, registryHost) => {
    if (!isList(request)) return undefined;
    const connections = takePage(rows, request).map((connection_id) => ({
      connection_id,
      conn_type: 'docker',
      host: registryHost,
      login: 'AWS',
      port: null,
    }));
    return { body: { connections, total_entries: 0 } };
  };
}

function endlessList(): FaultHook {
  let next = 0;
  return (request) => {
    if (!isList(request)) return undefined;
    const connections = Array.from({ length: 100 }, () => {
      next += 1;
      return { connection_id: `other_${next}`, conn_type: 'http', host: null, login: null, port: null };
    });
    return { body: { connections, total_entries: 1_000_000_000 } };
  };
}
