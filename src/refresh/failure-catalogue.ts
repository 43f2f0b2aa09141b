// Every type of failure in a run: its meaning, who must act, the fix, and whether a retry within the run can help.
import type { FailureEntry } from './failure-entry.js';
import { TOKEN_FAILURES } from './token-failures.js';

export const FAILURES = {
  ConfigInvalid: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning: 'The configuration file is invalid. The run used the last valid configuration, if there is one.',
    remedy: 'Run `doctor --offline` and fix what it reports. The next run re-reads the file.',
  },
  ConfigVersionMismatch: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'The run was planned with a configuration that this worker has not loaded, or its schedule was applied for other ' +
      'Airflow instances: two deployments use the same task queue, or the files of their workers differ.',
    remedy:
      'Give every worker on the task queue the same configuration file, and another deployment its own ' +
      '`temporal.taskQueue` and `schedule.id`. After `schedule apply --replace`, end the run with `schedule trigger --now`.',
  },
  InputNotAllowed: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning:
      'A run or an activity received a malformed input, more work than a run sends, or a name that is not in the ' +
      'configuration; or an activity was completed with a result that it cannot have.',
    remedy:
      'Check who can start workflows, and start or complete activities, on this task queue: only the schedule should start ' +
      'runs. Let all workers of the task queue have the same version.',
  },
  ...TOKEN_FAILURES,
  StoreUnreachable: {
    scope: 'store',
    retryable: true,
    whoActs: 'operator',
    meaning: 'Airflow could not be reached.',
    remedy:
      'Check that the API server is running, and check the URL, DNS, TLS and network between the worker and Airflow.',
  },
  StoreUnavailable: {
    scope: 'store',
    retryable: true,
    whoActs: 'Airflow administrator',
    meaning:
      'Airflow returned a server error, or something in front of it responded instead: an ingress, a proxy, a login page.',
    remedy:
      'Check the logs of the API server and of the proxy in front of it. If only writes fail, the password column ' +
      'may be too short for the token: run `airflow db migrate`.',
  },
  StoreThrottled: {
    scope: 'store',
    retryable: true,
    whoActs: 'no one',
    meaning:
      'Airflow, or a proxy in front of it, limits the request rate (HTTP 429). For MWAA, AWS throttles InvokeRestApi.',
    remedy: 'No action needed: the run slows down and continues.',
  },
  StoreResponseTooLarge: {
    scope: 'store',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The response for one connection exceeds the maximum of 6 MB.',
    remedy: 'Shorten the description or the extra of the connection named in the message.',
  },
  StoreListInvalid: {
    scope: 'store',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'The list of connections does not end, repeats itself, or has more than 50,000 connections. The connections ' +
      'found so far were refreshed.',
    remedy:
      'Check for a proxy or cache in front of the API server that ignores query parameters. If Airflow really has ' +
      'more than 50,000 connections, use a narrower pattern.',
  },
  ConnectionUnavailable: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'Several requests for this connection failed, while requests for other connections succeeded.',
    remedy:
      'Check the log of the API server for this connection. Usually its stored password cannot be decrypted because ' +
      'the Fernet key was changed: delete and recreate the connection. On PostgreSQL and MySQL, the password column ' +
      'may be too short for the token: run `airflow db migrate`.',
  },
  StoreUnauthorized: {
    scope: 'store',
    retryable: true,
    retryAfterMinutes: 30,
    whoActs: 'operator',
    meaning: 'Airflow rejected the user name and password, or the token.',
    remedy:
      'Correct the password or token, or unlock the Airflow user. The worker retries only every 30 minutes, to avoid ' +
      'locking the account.',
  },
  StoreForbidden: {
    scope: 'store',
    retryable: true,
    retryAfterMinutes: 10,
    whoActs: 'Airflow administrator',
    meaning:
      'The Airflow user lacks a permission to read, edit or create connections, or to read Variables; see the message.',
    remedy:
      'Give the user a role that can read and edit Connections: Op, or a custom role with only these permissions. ' +
      '`ifMissing: create` also needs permission to create Connections, and `airflowVariable` to read Variables. If ' +
      'Airflow 3.4 has teams, add the user to the team of the connection.',
  },
  StoreRequestRejected: {
    scope: 'store',
    retryable: false,
    whoActs: 'operator',
    meaning: 'Airflow rejected the request.',
    remedy: 'Check `url` (without /api/v2) and `version`. This release supports Airflow 3 and Airflow 2.10.',
  },
  WriteUnconfirmed: {
    scope: 'connection',
    retryable: true,
    whoActs: 'operator',
    meaning:
      "Airflow's response to a write shows another connection, or fields that do not match what was written.",
    remedy:
      'Check who or what else edits this connection. It may hold the new token, or another password; the next run ' +
      'writes it again.',
  },
  AirflowVariableMissing: {
    scope: 'registry',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'The Airflow Variable for the account or region of a registry does not exist. Connections of that registry ' +
      'were not changed.',
    remedy:
      'Create the Variable, or fix `airflowVariable`. A Variable in an environment variable or secrets backend ' +
      'cannot be read.',
  },
  AirflowVariableInvalid: {
    scope: 'registry',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'An Airflow Variable is not a valid AWS account ID (12 digits) or AWS region. Connections of that registry ' +
      'were not changed.',
    remedy: 'Fix the Variable, or set account and region in the configuration.',
  },
  ConnectionMissing: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The connection does not exist in the Airflow database.',
    remedy:
      'Create the connection (type docker, login AWS, host of the registry), or fix the id. A connection in an ' +
      'environment variable or secrets backend cannot be refreshed.',
  },
  ConnectionIdInvalid: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      "A pattern matches a connection whose id Airflow's REST API does not accept: it has characters other than " +
      'letters, digits, dots, hyphens and underscores, or more than 200 characters. Or it has characters that cannot ' +
      'be seen. It was not changed.',
    remedy: 'Give the connection another id, or use a narrower pattern.',
  },
  ConnectionTypeMismatch: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The connection is not of type docker. It was not changed.',
    remedy: 'Fix the id in the configuration, or the type of the connection.',
  },
  ConnectionRegistryUnknown: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The host of the connection is neither an ECR registry nor listed under `registries`.',
    remedy:
      'Set the host to <account>.dkr.ecr.<region>.amazonaws.com, or add the registry under `registries`.',
  },
  ConnectionRegistryMismatch: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The host of the connection does not match the registry configured for it.',
    remedy: 'Fix the host of the connection, or `registry` in its entry under `connections`.',
  },
  ConnectionRegistryChanged: {
    scope: 'connection',
    retryable: false,
    whoActs: 'no one',
    meaning: 'The host of the connection, or the Airflow Variable for its registry, changed during the run.',
    remedy: 'No action needed: the next run uses the new value.',
  },
  ConnectionPortSet: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning: 'The connection has a port: Docker would log in, but then pull without credentials.',
    remedy:
      'Clear the port of the connection. If the images of the registry are written with a port, add it to ' +
      '`registryHost`.',
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
    meaning: 'The extra of the connection disables reauth: Docker would keep using an old token.',
    remedy: 'Remove "reauth" from the extra of the connection.',
  },
  ConnectionExtraInvalid: {
    scope: 'connection',
    retryable: false,
    whoActs: 'Airflow administrator',
    meaning:
      'The extra of the connection is not a JSON object, or its "reauth" is neither true nor false: tasks that use ' +
      'the connection fail.',
    remedy: 'Fix the extra of the connection, or clear it.',
  },
  DockerEngineUnreachable: {
    scope: 'engine',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'The Docker Engine could not be reached, or the TLS handshake with it failed. The connections were refreshed ' +
      'anyway.',
    remedy:
      'Start the engine, fix `docker.engines`, or give the worker permission to use the socket; see the message.',
  },
  DockerLoginFailed: {
    scope: 'engine',
    retryable: true,
    whoActs: 'operator',
    meaning: 'The Docker Engine could not log in to the registry. The connections were refreshed anyway.',
    remedy: 'Check that the engine can reach the registry (network, proxy, DNS, CA certificates).',
  },
  DockerLoginRejected: {
    scope: 'registry',
    retryable: false,
    whoActs: 'AWS administrator',
    meaning: 'The registry rejected the token when the Docker Engine logged in with it.',
    remedy:
      'Check the clock of the engine. If it is right, check that the registry policy allows the principal, and check ' +
      'any proxy between the engine and the registry.',
  },
  TokenUnverified: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning:
      'The connections were refreshed, but a check that should have verified the new token did not run or is ' +
      'inconclusive. This is a failure only with `docker.required: true` or `refresh-once --strict`.',
    remedy:
      'Give the worker and the Docker Engine access to the registry, and check what responds instead of it; see the ' +
      'warnings of the report.',
  },
  AttemptTimedOut: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'An attempt did not finish in time: it was too slow, its worker stopped, or no worker was running.',
    remedy: 'Check that workers are running, and check their logs.',
  },
  RunOutOfTime: {
    scope: 'run',
    retryable: false,
    whoActs: 'operator',
    meaning: 'The run had no time left for this step.',
    remedy: 'Fix the failures that used up the time. The next run retries.',
  },
  Unexpected: {
    scope: 'run',
    retryable: true,
    whoActs: 'operator',
    meaning:
      'An unclassified error: a bug, or a fault of the machine such as a full disk. Its message is withheld because it may contain a secret.',
    remedy:
      'Check the log of the worker at this time. If it is a bug, run the worker with `--debug`, and report the stack trace.',
  },
} as const satisfies Record<string, FailureEntry>;
