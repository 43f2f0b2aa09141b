// Checks of URLs and hosts. Messages never quote them: they may contain a password.
import { isIPv4 } from 'node:net';
import { isLoopbackHost } from '../../net/is-loopback.js';
import { describeUnknownRegion } from '../../refresh/aws-regions.js';
import { readEcrHost } from '../../refresh/registry-host.js';
import type { Fault, Reading } from '../config-error.js';

const NOT_A_URL: Fault = { code: 'invalid', message: 'is not a valid URL' };

/** The URL of an Airflow instance, without a trailing slash. */
export function readAirflowUrl(text: string): Reading<string> {
  const url = parseUrl(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return NOT_A_URL;
  if (url.username || url.password) {
    return {
      code: 'plain-text-secret',
      message: 'must not contain a user name or password',
      remedy: 'Remove the part before @, and set `auth`.',
    };
  }
  // Checked in the text: URL drops a lone ? or #.
  if (/[?#]/.test(text)) {
    return {
      code: 'invalid',
      message: 'must not have a query or fragment',
      remedy: 'Remove `?` or `#` and everything after it.',
    };
  }
  // URL accepts `${AIRFLOW_HOST}`, an unexpanded variable, as a host name.
  if (!isHost(url.hostname) || url.port === '0') {
    return {
      code: 'invalid',
      message: 'has an invalid host or port',
      remedy:
        'Example: `url: https://airflow.example.com`, or `url: {env: NAME}` with the whole URL in the variable.',
    };
  }
  if (isLinkLocal(url.hostname)) return { ...LINK_LOCAL, remedy: 'Use the host of Airflow.' };
  if (/\/api\/v\d+(\/|$)/.test(url.pathname)) {
    return {
      code: 'invalid',
      message: 'must not contain the path of the Airflow API',
      remedy: 'Remove `/api` and everything after it: the worker adds the path of the API version.',
    };
  }
  return { result: url.href.replace(/\/+$/, '') };
}

/** Whether credentials would be sent unencrypted. @param url as `readAirflowUrl` returns it */
export function isUnencryptedUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopbackHost(hostname);
}

/** What is wrong with the host of a registry. */
export function checkRegistryHost(host: string): Fault | undefined {
  if (/^[a-z]+:\/\//i.test(host)) {
    return {
      code: 'invalid',
      message: 'must not have a scheme',
      remedy: 'Example: `registryHost: 127.0.0.1:5000`.',
    };
  }
  if (host !== host.toLowerCase()) {
    return {
      code: 'invalid',
      message: 'has upper-case letters: Docker would not find the credentials of this host',
      remedy: 'Use lower case here and in the connections.',
    };
  }
  const groups = /^(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?<port>[1-9]\d{0,4}))?$/.exec(host)?.groups;
  if (!groups || host.includes('..') || Number(groups['port'] ?? 1) > 65_535) {
    return { code: 'invalid', message: 'is not a valid host or host:port' };
  }
  return checkAwsHost(groups['host'] ?? '');
}

function checkAwsHost(host: string): Fault | undefined {
  const reading = readEcrHost(host);
  if (reading && 'flaw' in reading) {
    const meant = reading.meant === undefined ? '' : ` (did you mean \`${reading.meant}\`?)`;
    return {
      code: 'invalid',
      message: `is not a valid ECR host: ${reading.flaw}${meant}`,
      remedy: 'Remove it: ECR hosts are derived from account and region.',
    };
  }
  if (reading?.kind === 'public') {
    return {
      code: 'conflict',
      message: 'is the host of ECR Public',
      remedy: 'Use `kind: public` instead of account, region and `registryHost`.',
    };
  }
  if (reading) {
    return {
      code: 'conflict',
      message: `is the ECR host of account ${reading.account} in ${reading.region}`,
      remedy:
        'Remove it: ECR hosts are derived from account and region. Connections with this host need no entry here.',
    };
  }
  return isLinkLocal(host) ? { ...LINK_LOCAL, remedy: 'Use the host of a registry.' } : undefined;
}

/** The URL of an ECR API, without a trailing slash. */
export function readEcrEndpoint(text: string): Reading<string> {
  const url = parseUrl(text);
  if (!url || !isHost(url.hostname) || url.port === '0') return NOT_A_URL;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    return { code: 'unencrypted', message: 'must begin with https://, because it returns tokens' };
  }
  if (url.username || url.password || /[?#]/.test(text) || !/^\/?$/.test(url.pathname)) {
    return { code: 'invalid', message: 'must not have a user name, password, path, query or fragment' };
  }
  return isLinkLocal(url.hostname) ? LINK_LOCAL : { result: text.replace(/\/+$/, '') };
}

/** The AWS region in the host of an endpoint. Only known ones: `ecr-proxy-1` looks like a region. */
export function findRegion(endpoint: string): string | undefined {
  return new URL(endpoint).hostname.split('.').find((label) => describeUnknownRegion(label) === undefined);
}

/** Whether a URL has a domain that is reserved for examples (RFC 2606), as in an unedited example. */
export function isExampleUrl(url: string): boolean {
  return /(^|\.)example(\.(com|net|org))?$/.test(new URL(url).hostname);
}

const LINK_LOCAL: Fault = {
  code: 'link-local',
  message: 'is a link-local address, which cloud metadata services use',
};

function parseUrl(text: string): URL | undefined {
  // URL drops tabs, newlines and surrounding spaces, and accepts `https:host` and backslashes instead of slashes.
  if (/[\s\\]/.test(text) || !/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `host` as URL returns it. Names of Docker Compose and Kubernetes services may have underscores. */
function isHost(host: string): boolean {
  return /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(host);
}

/** `host` as URL returns it: lower case, IPv6 in brackets. */
function isLinkLocal(host: string): boolean {
  return (
    (isIPv4(host) && host.startsWith('169.254.')) ||
    /^\[(fe[89ab][0-9a-f]:|::ffff:a9fe:|fd00:ec2:)/.test(host)
  );
}
