// Requests to Airflow, and what is in front of it.
import { defineRemedies } from './remedy.js';

/** FAB looks up local and LDAP users only. Source: its `basic_auth` backend and its `/auth/token`. */
const BROWSER_USERS = 'Instead of a user of OAuth or SAML, use a local one (`airflow users create`)';

/** The worker does not send a rejected password again for 30 min, and reads its environment only once. */
const FIX_PASSWORD =
  'Correct the password that `auth.password` refers to, or that of the Airflow user; then restart the worker, unless you replaced the file of the password.';
const LOGIN_RETRIES = 'The login is retried every 30 min, to avoid locking the account.';

export const STORE_REMEDIES = defineRemedies({
  fixMwaaEndpoint:
    'Set the variable to a URL that begins with https://, or unset it, and restart the worker.',
  migrate:
    'Run `airflow db migrate`: since Airflow 2.8 the column is text. On MySQL it holds 65,535 bytes, and Fernet adds ' +
    'a third.',
  allowThroughProxy:
    'Allow the worker through the proxy. Set headers that the proxy requires in `headers` of this Airflow. If the ' +
    'proxy checks `auth.token`, fix the token.',
  checkFront:
    'Check what is in front of Airflow (ingress, proxy, login page). If it does not forward any request to Airflow, ' +
    'also check `url` (without /api/v2).',
  checkBehind:
    'Check that the API server is running, and that the ingress or proxy in front of it reaches it.',
  checkRedirect:
    'Check what is in front of Airflow (ingress, proxy, login page). If the redirect is permanent, set `url` to its ' +
    'target.',
  checkMwaa:
    'Check the state of the MWAA environment and the log of its web server, and any proxy, VPC endpoint or ' +
    'AWS_ENDPOINT_URL_MWAA between the worker and AWS.',
  setCa:
    'Set `caFile` of this Airflow, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS to a PEM file with the CA certificate.',
  fixBasicLogin:
    `${FIX_PASSWORD} If it is right, Airflow accepts no passwords, as by default: set ` +
    'AIRFLOW__API__AUTH_BACKENDS=airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session for the web ' +
    `server, and restart it. ${BROWSER_USERS}. ${LOGIN_RETRIES}`,
  fixJwtLogin: `${FIX_PASSWORD} ${BROWSER_USERS}, or use \`auth: {token}\`. ${LOGIN_RETRIES}`,
  fixTokenRequest:
    'Correct the secret that `auth.tokenRequest` refers to, or the client in the identity provider; then restart ' +
    'the worker, unless you replaced the file of the secret. With Keycloak, `client_id` must be the client that ' +
    `Airflow uses, and an assertion must not have expired. ${LOGIN_RETRIES}`,
  fixTokenRequestBody:
    'Use the fields that the documentation of the auth manager names. SimpleAuthManager and FAB take `username` and ' +
    '`password` of `auth` instead.',
  checkIdentityProvider: "Check the API server's log, and that it can reach the identity provider.",
  usePassword: 'Set `username` and `password` of `auth`.',
  shareJwtSecret: 'Set the same `[api_auth] jwt_secret` on all API servers, and restart them.',
  synchronizeClocks:
    'Synchronize the clocks of all API servers, and let the proxy in front of Airflow pass the header.',
  forwardAuth: 'Let the ingress or proxy in front of Airflow forward /auth in addition to /api.',
  allowMwaa:
    'Allow the principal to make this call on that resource. Op is the least privileged role that can read and edit ' +
    'connections.',
  fixMwaaEnvironment:
    'Correct `environment` or `region`, or set `roleArn` or `profile` of the account that has it.',
  recreateConnection:
    'Delete and recreate the connection if the next attempts fail only for this one: its stored password cannot be ' +
    'decrypted because the Fernet key was changed. Other connections work.',
  checkDelay:
    'Check the logs of the API server and its database for what delays requests for this connection. Other connections work.',
  checkConnection:
    'Check this connection in Airflow: its API rejects the request for it. Other connections work.',
  checkRow: 'Check what the API returns for this connection.',
});
