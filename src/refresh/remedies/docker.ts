// Docker Engines that cannot be reached, or cannot log in.
import { defineRemedies } from './remedy.js';

const ADD_TLS = 'set `caFile`, `certFile` and `keyFile` next to its `url`.';

export const DOCKER_REMEDIES = defineRemedies({
  startOrMount: 'Start the Docker Engine, fix `docker.engines`, or mount its socket into the container.',
  start: 'Start the Docker Engine; the socket may be left over from a stopped engine.',
  startOnTcp:
    'Start the Docker Engine, make it listen on that host and port (`--host`), or fix `docker.engines`.',
  startWithTls:
    'Start the Docker Engine with `--tlsverify`, or fix the port; on loopback TLS can be omitted.',
  restart: 'Restart the Docker Engine: it hangs.',
  checkHanging: 'Check whether the Docker Engine hangs, and restart it.',
  checkHangingOrFirewall:
    'Check whether the Docker Engine hangs, and restart it, or check for a firewall in between.',
  checkLog: 'Check the log of the Docker Engine; restart it if this happens again.',
  checkLogOrAddTls: `Check the log of the Docker Engine; if it expects TLS there, ${ADD_TLS}`,
  checkLogForCertificate:
    'Check the log of the Docker Engine: it shows whether it rejected the client certificate.',
  checkLogs:
    'Check the logs of the Docker Engine and of a proxy in front of it: one returned a server error.',
  checkNetwork: 'Check the network and firewalls between the worker and the Docker Engine.',
  checkVersionProxy:
    'Check for a proxy or plugin in front of the Docker Engine that blocks GET /version, or fix `docker.engines`.',
  checkLoginProxy: 'Check for a proxy in front of the engine that blocks POST /auth.',
  fixService: 'Fix `docker.engines`: another service listens there.',
  fixSocket: 'Fix `docker.engines`: the path must be a Unix socket.',
  fixHost: 'Fix the host in `docker.engines`, or the DNS of the worker.',
  fixAddressOrAddTls: `Fix host and port; if the Docker Engine expects TLS there, ${ADD_TLS}`,
  addTls: `If the Docker Engine expects TLS there, ${ADD_TLS}`,
  addClientCertificate:
    'Set `certFile` and `keyFile` to a client certificate issued by the CA that the Docker Engine trusts.',
  renewClientCertificate: 'Renew the certificate in `certFile`.',
  replaceClientCertificate:
    'Set `certFile` to a client certificate issued by the CA that the Docker Engine trusts (its `--tlscacert`).',
  setCa: 'Set `caFile` to the CA that issued the certificate of the Docker Engine (its `--tlscert`).',
  renewCertificate: 'Renew the certificate of the Docker Engine.',
  synchronizeClock: 'Synchronize the clock of the worker, or of the machine that issued the certificate.',
  matchHost: 'Use a host of the certificate in `url`, or issue a certificate for the host of `url`.',
  configureTls:
    'Configure the Docker Engine for TLS 1.2 or later with current certificates; if it requires a client ' +
    'certificate, set `certFile` and `keyFile`.',
  allowUser: 'Allow the user of the worker to access the socket and the folders above it.',
  createGroup:
    'Let the Docker Engine create its socket for a group of its own (`--group docker`), and add this user to that group.',
  joinGroup:
    'Add this user to that group. In a container, give it the group by its number, with `group_add` (Compose) or ' +
    '`supplementalGroups` (Kubernetes).',
});
