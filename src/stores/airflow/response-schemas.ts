// The shapes of Airflow's responses, which are the same in REST v1 and v2. zod's errors must not leave this file:
// they may quote the response, and Airflow 3.0.3 returns passwords in plain text.
import { z } from 'zod';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { toResponseFailure, notAirflow } from './response-errors.js';
import type { ApiResponse } from './transport.js';

const TEXT = z.string().nullable().default(null);

/**
 * Fields that Airflow 2.10, 2.11 and 3.0 to 3.4 return. The others, such as `team_name` (3.4), are not used and never
 * written.
 */
export const CONNECTION = z
  .object({
    connection_id: z.string(),
    conn_type: z.string(),
    host: TEXT,
    login: TEXT,
    port: z.number().int().nullish(),
    schema: TEXT,
    extra: TEXT,
    description: TEXT,
  })
  .transform(({ connection_id: id, conn_type: type, port = null, ...texts }): ConnectionRecord => ({
    id,
    type,
    port,
    ...texts,
  }));

export const CONNECTION_LIST = z.object({
  connections: z.array(z.unknown()),
  total_entries: z.number().int().nonnegative(),
});

/** The version is shown in reports, so its format is checked. */
export const VERSION = z.object({ version: z.string().regex(/^[0-9][0-9A-Za-z.+-]{0,39}$/) });

export const VARIABLE = z.object({ value: z.string() });

export const BULK_UPDATE = z.object({
  update: z.object({
    success: z.array(z.string()),
    errors: z.array(z.object({ error: z.string(), status_code: z.number().int() })),
  }),
});

/** The result of a connection test. */
export const TEST_RESULT = z.object({ status: z.boolean() });

/** @throws RefreshFailure when the status is neither 200 nor 201, or the body has another shape */
export function parseResponse<Shape extends z.ZodType>(response: ApiResponse, shape: Shape): z.output<Shape> {
  if (response.status !== 200 && response.status !== 201) throw toResponseFailure(response);
  const parsed = shape.safeParse(response.json);
  if (!parsed.success) throw notAirflow(response.request);
  return parsed.data;
}
