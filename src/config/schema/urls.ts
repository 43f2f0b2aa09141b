// Checks of URLs and hosts. Messages never quote them: they may contain a password.
import { isIPv4 } from 'node:net';
import { isLoopbackHost } from '../../net/is-loopback.js';
import { describeUnknownRegion } from '../../refresh/aws-regions.js';
import { parseEcrHost, readEcrHost } from '../../refresh/registry-host.js';
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
    return { code: 'invalid', message: 'has an invalid host or port' };
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
      remedy: 'Use the form `registryHost: 127.0.0.1:5000`.',
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

const REMOVE_HOST =
  'Remove `registryHost`: ECR hosts are derived from account and region. Connections with an ECR host need no entry.';
const USE_PUBLIC = 'Set `kind: public`, and remove `account`, `region` and `registryHost`.';

function checkAwsHost(host: string): Fault | undefined {
  const reading = readEcrHost(host);
  if (reading && 'flaw' in reading) {
    const isPublic = parseEcrHost(reading.meant ?? '')?.kind === 'public';
    const message = `is not a valid ECR host: ${reading.flaw}`;
    return { code: 'invalid', message, remedy: isPublic ? USE_PUBLIC : REMOVE_HOST };
  }
  if (reading?.kind === 'public') {
    return { code: 'conflict', message: 'is the host of ECR Public', remedy: USE_PUBLIC };
  }
  return isLinkLocal(host) ? { ...LINK_LOCAL, remedy: 'Use the host of a registry.' } : undefined;
}

/** What is wrong with a valid `registryHost` that is the host of a private ECR registry. */
export function checkEcrHost(
  registryHost: string,
  entry: { readonly account?: string | object; readonly region?: string | object },
): Fault | undefined {
  const ecr = parseEcrHost(registryHost.replace(/:\d+$/, ''));
  if (ecr?.kind !== 'private') return undefined;
  const message = `is the ECR host of account ${ecr.account} in ${ecr.region}`;
  const different = (['account', 'region'] as const).flatMap((key) => {
    const setting = entry[key];
    return typeof setting === 'object' || setting === ecr[key] ? [] : [{ key, setting }];
  });
  if (different.length === 0) return { code: 'conflict', message, remedy: REMOVE_HOST };
  const others = different.map(({ key, setting }) => `\`${key}\` is ${setting ?? 'not set'}`);
  const right = different.map(
    ({ key }) => `\`${key}: ${key === 'account' ? `"${ecr.account}"` : ecr.region}\``,
  );
  return {
    code: 'conflict',
    message: `${message}, but ${others.join(' and ')}`,
    remedy: `Remove \`registryHost\`. Set ${right.join(' and ')} if that is the registry that you mean.`,
  };
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
  message: 'is a link-local or cloud metadata address',
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
