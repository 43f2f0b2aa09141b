// Everything that can go wrong in a run: its meaning, who acts, what to do, and whether a retry within the run can help.
import type { FailureEntry } from './failure-entry.js';
import { TOKEN_FAILURES } from './token-failures.js';

export const FAILURES = {
  ConfigInvalid: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning: 'The configuration file is invalid. The run refreshed by the last good one, where there is one.',
    remedy: 'Run `doctor --offline`, fix what it names; the next run reads the file again.',
  },
  ConfigVersionMismatch: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning: 'The run was planned by a worker whose configuration this worker does not have.',
    remedy: 'Give every worker of the task queue the same configuration file.',
  },
  InputNotAllowed: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning: 'An activity was asked for something that the configuration does not grant.',
    remedy: 'Find out who starts activities on this task queue; start runs by the schedule alone.',
  },
  ...TOKEN_FAILURES,
  StoreUnreachable: {
    scope: 'store',
    retryable: true,
    whoActs: 'operator',
    meaning: 'Airflow could not be reached.',
    remedy: 'Check that the API server runs, and URL, DNS, TLS and network between the worker and it.',
  },
  StoreUnavailable: {
    scope: 'store',
    retryable: true,
    whoActs: 'Airflow administrator',
    meaning: 'The store, or a proxy in front of it, returned a server error (HTTP 5xx).',
    remedy:
      'Check the log of the API server and of the proxy in front of it. If only writes fail, the password column ' +
      'may be too short for the token: run `airflow db migrate`.',
  },
  StoreThrottled: {
    scope: 'store',
    retryable: true,
    whoActs: 'no one',
    meaning: 'The store limits the rate of requests (HTTP 429; for MWAA, AWS throttles InvokeRestApi).',
    remedy: 'No action needed: the run slows down and continues.',
  },
  StoreResponseTooLarge: {
    scope: 'store',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The store returned more for one connection than this program reads (6 MB).',
    remedy: 'Shorten the description or the extra of the connection that the message names.',
  },
  StoreListInvalid: {
    scope: 'store',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'The list of connections does not end, or repeats itself. The connections found in it were refreshed.',
    remedy:
      'Check for a proxy or cache in front of the API server that ignores the query of the request; if the list ' +
      'really has more than 50,000 connections, narrow the pattern.',
  },
  ConnectionUnavailable: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The store fails for this connection in each of several attempts, while other connections work.',
    remedy:
      'Check the log of the API server for this connection. Usually its stored password cannot be decrypted because the ' +
      'Fernet key was changed: delete the connection and create it again. On PostgreSQL and MySQL the password ' +
      'column may be too short for the token: run `airflow db migrate`.',
  },
  StoreUnauthorized: {
    scope: 'store',
    retryable: true,
    retryAfterMinutes: 30,
    whoActs: 'operator',
    meaning: 'Airflow does not accept the sign-in: user name and password, or the token.',
    remedy:
      'Fix the reference to password or token, or the Airflow user. Tried every 30 minutes, so that no account is ' +
      'locked.',
  },
  StoreForbidden: {
    scope: 'store',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'Airflow administrator',
    meaning:
      'The Airflow user may not read, edit or create connections, or not read variables, as the message says.',
    remedy:
      'Give the user a role that may read and edit Connections (role Op, or a custom one with only these).',
  },
  StoreRequestRejected: {
    scope: 'store',
    retryable: false,
    whoActs: 'operator',
    meaning:
      'Airflow refuses the request as such, or its answer is not that of an Airflow REST API v1 or v2.',
    remedy:
      'Check the URL (without /api/v2) and `version`: this release speaks to Airflow 3 and to Airflow 2.10.',
  },
  WriteUnconfirmed: {
    scope: 'connection',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'Airflow answered a write with another connection, or with other fields, than it was asked to write.',
    remedy: 'Look for somebody or something else that edits this connection.',
  },
  AirflowVariableMissing: {
    scope: 'registry',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'Airflow has no Variable of the key that account or region of a registry is to be read from. Connections of ' +
      'that registry were left alone.',
    remedy:
      'Create the Variable, fix `airflowVariable`, or look whether an environment variable or secrets backend ' +
      'holds it: these cannot be read.',
  },
  AirflowVariableInvalid: {
    scope: 'registry',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'An Airflow Variable holds no AWS account (twelve digits) or no AWS region. Connections of that registry were ' +
      'left alone.',
    remedy: 'Fix the Variable, or write account and region into the configuration.',
  },
  ConnectionMissing: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'Airflow has no such connection in its database.',
    remedy:
      'Create it (type docker, login AWS, host of the registry), fix the id, or look whether an environment ' +
      'variable or secrets backend holds it: these cannot be refreshed.',
  },
  ConnectionIdInvalid: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'A pattern takes in a connection whose id is none that requests to Airflow may hold: other characters than ' +
      'letters, digits, dots, hyphens and underscores, or more than 200. It was left alone.',
    remedy: 'Give the connection another id, or narrow the pattern.',
  },
  ConnectionTypeMismatch: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The connection is not of type docker. It was left alone.',
    remedy: 'Fix the id in the configuration, or the type of the connection.',
  },
  ConnectionRegistryUnknown: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The host of the connection is no ECR registry, nor one that the configuration names.',
    remedy:
      'Set the host to <account>.dkr.ecr.<region>.amazonaws.com, or describe the registry under `registries`.',
  },
  ConnectionRegistryMismatch: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The host of the connection is not that of the registry which the configuration says it is of.',
    remedy: 'Fix the host of the connection, or `registry` of its entry under `connections`.',
  },
  ConnectionRegistryChanged: {
    scope: 'connection',
    retryable: false,
    whoActs: 'no one',
    meaning:
      'The host of the connection, or the Airflow Variable that says its registry, was changed while the run was ' +
      'under way.',
    remedy: 'Nothing: the next run goes by the new value.',
  },
  ConnectionPortSet: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The connection has a port: Docker would sign in, and then pull without credentials.',
    remedy: 'Empty the port of the connection; where the registry needs one, write it into the host.',
  },
  ConnectionLoginMismatch: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The login of the connection is not AWS, the only user name that ECR accepts.',
    remedy: 'Set the login of the connection to AWS.',
  },
  ConnectionReauthDisabled: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The extra of the connection turns reauth off: Docker would go on using an old token.',
    remedy: 'Remove "reauth" from the extra of the connection.',
  },
  DockerEngineUnreachable: {
    scope: 'engine',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'The Docker Engine does not answer, or worker and engine do not accept each other by TLS. The connections were ' +
      'refreshed all the same.',
    remedy:
      'Start the engine, fix `docker.engines`, or give the worker permission on its socket; the message says which.',
  },
  DockerLoginFailed: {
    scope: 'engine',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'The Docker Engine could not sign in to the registry. The connections were refreshed all the same.',
    remedy: 'Check that the engine reaches the registry (network, proxy, DNS, its certificates).',
  },
  DockerLoginRejected: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning: 'The registry refused the token when the Docker Engine signed in with it.',
    remedy: 'Check the clock of the engine, and what stands between engine and registry.',
  },
  AttemptTimedOut: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning: 'An attempt ended without an answer: its worker died, or no worker was there to take it.',
    remedy: 'Look whether workers run, and into their logs.',
  },
  RunOutOfTime: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning: 'The run had no time left for this step.',
    remedy: 'Fix the failures that used up the time; the next run tries again.',
  },
  Unexpected: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'A failure that the catalogue does not know. Its own message is withheld, for it might quote a secret.',
    remedy: 'Look into the log of the worker at this time, and report it: this is a defect of the worker.',
  },
} as const satisfies Record<string, FailureEntry>;
