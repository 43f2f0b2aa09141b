// Owns the shapes of Airflow's answers, which are the same in REST v1 and v2. Refuses to let zod's errors out: they
// may quote the answer, and Airflow 3.0.3 answers with passwords in clear.
import { z } from 'zod';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { toResponseFailure, notAirflow } from './response-errors.js';
import type { ApiResponse, RequestContext } from './transport.js';

/** Fields that Airflow 2.10 and 3.0 to 3.3 answer; what else they send is of no interest. */
const CONNECTION = z
  .object({
    connection_id: z.string(),
    conn_type: z.string(),
    host: z.string().nullish(),
    login: z.string().nullish(),
    port: z.number().int().nullish(),
    schema: z.string().nullish(),
    extra: z.string().nullish(),
    description: z.string().nullish(),
  })
  .transform((shown): ConnectionRecord => ({
    id: shown.connection_id,
    type: shown.conn_type,
    host: shown.host ?? null,
    login: shown.login ?? null,
    port: shown.port ?? null,
    schema: shown.schema ?? null,
    extra: shown.extra ?? null,
    description: shown.description ?? null,
  }));

const CONNECTIONS = z.object({
  connections: z.array(CONNECTION),
  total_entries: z.number().int().nonnegative(),
});

/** Airflow's version goes into reports, so it must look like one. */
const VERSION = z.object({ version: z.string().regex(/^[0-9][0-9A-Za-z.+-]{0,39}$/) });

const VARIABLE = z.object({ value: z.string() });

export function toConnection(attempt: RequestContext, answer: ApiResponse): ConnectionRecord {
  return parse(attempt, answer, CONNECTION);
}

export function toConnections(
  attempt: RequestContext,
  answer: ApiResponse,
): { readonly connections: readonly ConnectionRecord[]; readonly total: number } {
  const { connections, total_entries: total } = parse(attempt, answer, CONNECTIONS);
  return { connections, total };
}

export function toVersion(attempt: RequestContext, answer: ApiResponse): string {
  return parse(attempt, answer, VERSION).version;
}

export function toVariable(attempt: RequestContext, answer: ApiResponse): string {
  return parse(attempt, answer, VARIABLE).value;
}

function parse<Shape extends z.ZodType>(
  attempt: RequestContext,
  answer: ApiResponse,
  shape: Shape,
): z.output<Shape> {
  if (answer.status !== 200) throw toResponseFailure(attempt, answer);
  const parsed = shape.safeParse(answer.json);
  if (!parsed.success) throw notAirflow(attempt);
  return parsed.data;
}
