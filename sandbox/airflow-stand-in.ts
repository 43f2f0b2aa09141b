// A stand-in for Airflow's REST API, for machines on which Airflow cannot be installed: login, connections and
// variables, with the status codes and bodies of Airflow 3.3. It has no web UI and runs no tasks.
import { readAirflowRequest, sendAirflowAnswer } from './airflow-stand-in/exchange.js';
import { answerAirflow, type AirflowState, type AirflowUser } from './airflow-stand-in/routes.js';
import { createSessionTokens } from './airflow-stand-in/session-tokens.js';
import { startLocalServer } from './local-server.js';

/** A running Airflow stand-in. */
export interface AirflowStandIn {
  url: string;
  /** With passwords in plain text. */
  connections: AirflowState['connections'];
  stop: () => Promise<void>;
}

/** Airflow's `[api_auth] jwt_expiration_time`. */
export const SESSION_SECONDS = 86_400;

/** Starts the Airflow stand-in without connections. */
export async function startAirflowStandIn(options: {
  users: AirflowUser[];
  port: number;
}): Promise<AirflowStandIn> {
  const state: AirflowState = {
    version: '3.3.2',
    users: options.users,
    connections: new Map(),
    variables: new Map(),
    sessions: createSessionTokens(SESSION_SECONDS),
  };
  const server = await startLocalServer(async (incoming, response) => {
    const { request, refusal } = await readAirflowRequest(incoming);
    sendAirflowAnswer(response, refusal ?? answerAirflow(state, request));
  }, options.port);
  return { url: server.url, connections: state.connections, stop: server.stop };
}
