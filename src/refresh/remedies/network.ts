// Proxies and trusted CAs, whatever the peer.
import { defineRemedies } from './remedy.js';

export const NETWORK_REMEDIES = defineRemedies({
  fixProxy: 'Fix the proxy in its variable, or list the host in NO_PROXY to reach it directly.',
  setCaBundle: 'Set it to a PEM file with CA certificates, or remove it.',
  useHttpProxy: 'Set HTTPS_PROXY to an HTTP proxy, or list the hosts that are reached directly in NO_PROXY.',
  setProxyUrl: 'Set it to http://host:port or https://host:port.',
  encodeProxyLogin: 'Percent-encode special characters in it: / as %2F, @ as %40, # as %23, % as %25.',
});
