// Owns which addresses the configuration may name: URLs of Airflow, hosts of registries.
// Refuses addresses that would send a password in clear, to nobody, or to more than one place.
import { isIPv4 } from 'node:net';

import { isLoopbackHost } from '../net/is-loopback.js';
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { readEcrHost } from '../refresh/registry-host.js';

export interface UrlProblem {
  readonly message: string;
  readonly remedy: string;
}

/** An Airflow URL without a slash at its end, or what is wrong with it. Faults never quote it: it may hold a password. */
export function readAirflowUrl(text: string, allowInsecureHttp: boolean): { url: string } | UrlProblem {
  const url = parseUrl(text);
  if (!url) return fault('is no URL', 'Write for example `url: https://airflow.example.com`.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return fault(
      'begins neither with https:// nor with http://',
      'Write for example `url: https://airflow.example.com`.',
    );
  }
  if (url.username || url.password) {
    return fault('holds a user name or password', 'Remove what stands before @, and give it under `auth`.');
  }
  // Asked of the text: URL drops a lone ? or #.
  if (/[?#]/.test(text)) return fault('has a query or fragment', 'End it before ? and #.');
  // Which URL takes for names: `${AIRFLOW_HOST}`, that nobody has filled in.
  if (!isHost(url.hostname) || url.port === '0') {
    return fault(
      'has no valid host or port',
      'Write for example `url: https://airflow.example.com`; a variable stands for a whole URL: `url: {env: NAME}`.',
    );
  }
  if (isLinkLocal(url.hostname)) {
    return fault('is a link-local address, where clouds keep their credentials', 'Name the host of Airflow.');
  }
  if (/\/api\/v\d+(\/|$)/.test(url.pathname)) {
    return fault(
      'ends in the path of the API',
      'End it before /api: the worker adds it, for the version of this Airflow.',
    );
  }
  if (url.protocol === 'http:' && !allowInsecureHttp && !isLoopbackHost(url.hostname)) {
    return fault(
      'is http:// beyond loopback: the password would cross the network in clear',
      'Write https://, or add `allowInsecureHttp: true` beside it if the network is trusted.',
    );
  }
  return { url: url.href.replace(/\/+$/, '') };
}

/** What is wrong with a registry host; undefined when it may be used. */
export function checkRegistryHost(host: string): UrlProblem | undefined {
  if (/^[a-z]+:\/\//i.test(host))
    return fault('has a scheme', 'Write the host alone: `registryHost: 127.0.0.1:5000`.');
  if (host !== host.toLowerCase()) {
    return fault(
      'has capital letters: Docker would not find its credentials',
      'Write it in lower case, here and in the connections.',
    );
  }
  const groups = /^(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?<port>[1-9]\d{0,4}))?$/.exec(host)?.groups;
  if (!groups || host.includes('..') || Number(groups['port'] ?? 1) > 65_535) {
    return fault('is no host or host:port', 'Write for example `registryHost: 127.0.0.1:5000`.');
  }
  return checkHostOfAws(groups['host'] ?? '');
}

function checkHostOfAws(host: string): UrlProblem | undefined {
  const reading = readEcrHost(host);
  if (reading && 'flaw' in reading) {
    const meant = reading.meant === undefined ? '' : ` \`${reading.meant}\` was meant, perhaps;`;
    return fault(
      `looks like a host of ECR and is none: ${reading.flaw}`,
      `Check it;${meant} then remove \`registryHost\`: hosts of ECR follow from account and region.`,
    );
  }
  if (reading?.kind === 'public') {
    return fault('is ECR Public', 'Write `kind: public` in place of account, region and `registryHost`.');
  }
  if (reading) {
    return fault(
      `is a host of ECR itself, of account ${reading.account} in ${reading.region}`,
      'Remove `registryHost`: it follows from account and region. Connections with this host need no entry at all.',
    );
  }
  return isLinkLocal(host)
    ? fault('is a link-local address, where clouds keep their credentials', 'Name the host of a registry.')
    : undefined;
}

/**
 * What is wrong with the address of an ECR API; undefined when it may be asked.
 * @param region that of the registry, where it is known
 */
export function checkEcrEndpoint(text: string, region: string | undefined): UrlProblem | undefined {
  const example = 'Write for example `endpoint: https://vpce-….api.ecr.us-east-1.vpce.amazonaws.com`.';
  const url = parseUrl(text);
  if (!url || !isHost(url.hostname) || url.port === '0') return fault('is no URL', example);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    return fault('is not https://: tokens would cross the network in clear', example);
  }
  if (url.username || url.password || /[?#]/.test(text) || !/^\/?$/.test(url.pathname)) {
    return fault('has more than a host and a port', example);
  }
  if (isLinkLocal(url.hostname)) {
    return fault('is a link-local address, where clouds keep their credentials', example);
  }
  // A region that is known: `ecr-proxy-1` has the form of one.
  const named = url.hostname.split('.').find((label) => describeUnknownRegion(label) === undefined);
  return named === undefined || region === undefined || named === region
    ? undefined
    : fault(
        `is of region ${named}, and the registry of ${region}`,
        `Name an endpoint of ${region}, or write \`region: ${named}\`.`,
      );
}

/**
 * Whether a URL is one that documents use and nobody owns (RFC 2606), as in the example that was copied and not
 * edited.
 */
export function isExampleUrl(url: string): boolean {
  return /(^|\.)example(\.(com|net|org))?$/.test(new URL(url).hostname);
}

function parseUrl(text: string): URL | undefined {
  // URL drops tabs, newlines and blanks around it, and reads `https:host` and backslashes as if they were slashes.
  if (/[\s\\]/.test(text) || !/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `host` as URL gives it. Names of Docker Compose and Kubernetes services may hold underscores. */
function isHost(host: string): boolean {
  return /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(host);
}

/** `host` as URL gives it: lower case, IPv6 in brackets. */
function isLinkLocal(host: string): boolean {
  return (
    (isIPv4(host) && host.startsWith('169.254.')) ||
    /^\[(fe[89ab][0-9a-f]:|::ffff:a9fe:|fd00:ec2:)/.test(host)
  );
}

function fault(message: string, remedy: string): UrlProblem {
  return { message, remedy };
}
