// The same settings for the two libraries: grpc-js in the commands, the native one in the worker.
import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { joinHostPort } from '../net/proxy.js';
import { readTrustedCas } from '../net/trusted-cas.js';
import type { TemporalSettings, TemporalTls } from './settings/temporal-settings.js';

type TlsOptions = Exclude<NativeConnectionOptions['tls'], boolean | null | undefined>;

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** For `Connection.lazy`. */
export function toClientOptions(settings: TemporalSettings): ConnectionOptions {
  const { address, proxy } = settings;
  return {
    ...toCommonOptions(settings),
    address: proxy ? joinHostPort(proxy) : address,
    channelArgs: {
      // Instead of the SDK's 128 MB. The largest response, a page of a history, has 4 MB.
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      // Otherwise grpc-js reads https_proxy and others itself, and uses them even for loopback.
      'grpc.enable_http_proxy': 0,
      ...(proxy && {
        'grpc.http_connect_target': `dns:${address}`,
        // Otherwise it is the proxy's. With a server name the SDK sets it to that.
        'grpc.default_authority': address,
        ...(proxy.credentials && {
          'grpc.http_connect_creds': `${proxy.credentials.username}:${proxy.credentials.password}`,
        }),
      }),
    },
  };
}

/** For `NativeConnection.connect`. */
export function toNativeOptions(settings: TemporalSettings): NativeConnectionOptions {
  const { address, proxy } = settings;
  return {
    ...toCommonOptions(settings),
    address,
    ...(proxy && {
      proxy: {
        type: 'http-connect' as const,
        targetHost: joinHostPort(proxy),
        ...(proxy.credentials && { basicAuth: proxy.credentials }),
      },
    }),
  };
}

/** Both libraries would otherwise turn TLS on because of an API key, and add their headers to the object. */
function toCommonOptions({ tls, apiKey, metadata }: TemporalSettings) {
  return {
    tls: tls ? toTlsOptions(tls) : false,
    ...(apiKey !== undefined && { apiKey }),
    metadata: { ...metadata },
  };
}

/** Without CAs of their own, one library would use Node's and the other those of the operating system. */
function toTlsOptions({ serverName, ca, client }: TemporalTls): TlsOptions {
  return {
    serverRootCACertificate: Buffer.from(ca ?? readTrustedCas().join('\n')),
    ...(serverName !== undefined && { serverNameOverride: serverName }),
    ...(client && { clientCertPair: { crt: Buffer.from(client.cert), key: Buffer.from(client.key) } }),
  };
}
