// `docker`: the engines that the login is tested from, and the images whose pull access is checked.
import { z } from 'zod';
import type { TlsFiles } from '../../net/tls-files.js';
import { addFault, checkItems, checkTogether, convert, findDuplicates, type Settings } from './checks.js';
import { addPort, isUnencryptedEngine, readEngineUrl } from './engine-url.js';
import type { ConfigFolder } from '../config-folder.js';
import { certificateFile, checkPair, keyFile } from './files.js';
import { imagesSchema } from './images.js';
import { isScalar } from './values.js';
import { CONFIG_LIMITS } from '../../refresh/config-limits.js';

/** The engine to test when neither the configuration nor DOCKER_HOST names one. */
export const DEFAULT_ENGINE = 'unix:///var/run/docker.sock';

export interface EngineConfig {
  /** `unix:///absolute/path`, or `tcp://host:port`. */
  readonly url: string;
  readonly tls?: TlsFiles;
  /** Allows `tcp://` beyond loopback without `tls`. */
  readonly allowInsecureTcp?: true;
  /**
   * Whether its absence is a failure. Unless `docker.required` is set: true for an engine in the configuration, false
   * for the default one.
   */
  readonly required: boolean;
  /** The local socket, for a configuration that names no engine. */
  readonly isDefault?: boolean;
}

const MAX_URL_CHARS = 1024;
const engineUrl = z.string().min(1).max(MAX_URL_CHARS).transform(convert(readEngineUrl));

const TLS_ENGINE = {
  url: 'tcp://docker.example.com:2376',
  caFile: 'docker/ca.pem',
  certFile: 'docker/cert.pem',
  keyFile: 'docker/key.pem',
};

const UNENCRYPTED = {
  code: 'unencrypted',
  message: 'is tcp:// without TLS: the token would be sent unencrypted',
  remedy:
    'Use the form `{url: tcp://docker.example.com:2376, caFile: ca.pem, certFile: cert.pem, keyFile: key.pem}`, or, ' +
    'if only trusted programs can read that network, `{url: tcp://docker-proxy:2375, allowInsecureTcp: true}`.',
} as const;

function createSettingsSchema(folder: ConfigFolder) {
  return z.strictObject({
    url: engineUrl.meta({
      description:
        'unix:// with an absolute path, or tcp://host:port; the default port is 2375, with TLS 2376. Except on ' +
        'loopback, tcp:// requires TLS, and so at least one of the files below, or `allowInsecureTcp`.',
      examples: [TLS_ENGINE.url],
    }),
    caFile: certificateFile(folder, 'CA certificate')
      .exactOptional()
      .meta({
        description:
          "PEM file with the CAs to trust for the engine's certificate, instead of Node's default CAs. Relative to " +
          'the folder of the configuration file.',
        examples: [TLS_ENGINE.caFile],
      }),
    certFile: certificateFile(folder, 'client certificate of this worker')
      .exactOptional()
      .meta({
        description:
          'PEM file with the client certificate that the engine requires (`--tlsverify`). All three files are read ' +
          'again at each connection.',
        examples: [TLS_ENGINE.certFile],
      }),
    keyFile: keyFile(folder)
      .exactOptional()
      .meta({
        description: 'PEM file with the private key of that certificate, without a passphrase.',
        examples: [TLS_ENGINE.keyFile],
      }),
    allowInsecureTcp: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Allows tcp:// without TLS beyond loopback, such as for a socket proxy in a private network. The token is ' +
          'sent unencrypted.',
        examples: [true],
      }),
  });
}

type Engine = z.output<ReturnType<typeof createSettingsSchema>>;

/** An engine with its TLS files, in the long form. */
export function createEngineSchema(folder: ConfigFolder) {
  return checkTogether(
    createSettingsSchema(folder),
    checkEngine,
    ({ url, allowInsecureTcp, ...tls }): EngineConfig => {
      const hasTls = Object.keys(tls).length > 0;
      return {
        url: addPort(url, hasTls),
        ...(hasTls && { tls }),
        ...(allowInsecureTcp && { allowInsecureTcp }),
        required: true,
      };
    },
  ).meta({
    dependentRequired: { certFile: ['keyFile'], keyFile: ['certFile'] },
    title: '{url: URL}',
  });
}

function checkEngine({ valid, isGiven, isMistyped, report }: Settings<Engine>): void {
  const { url, certFile, keyFile: key } = valid;
  const isAllowed = valid.allowInsecureTcp !== false || isMistyped('allowInsecureTcp');
  const files = ['caFile', 'certFile', 'keyFile'].filter((file) => isGiven(file));
  if (url?.startsWith('unix:')) {
    const message = 'cannot be combined with a unix:// socket, which has no TLS';
    for (const file of files) {
      report({ code: 'conflict', message, remedy: `Remove \`${file}\`, or use tcp:// in \`url\`.` }, file);
    }
    return;
  }
  if (url !== undefined && files.length === 0 && !isAllowed && isUnencryptedEngine(url))
    report(UNENCRYPTED, 'url');
  for (const [file, other] of [
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
  ] as const) {
    if (!isGiven(file) || isGiven(other)) continue;
    report(
      {
        code: 'requires',
        message: `requires \`${other}\``,
        remedy: `Add \`${other}\`, or remove \`${file}\`.`,
      },
      file,
    );
  }
  const mismatch = certFile !== undefined && key !== undefined ? checkPair(certFile, key) : undefined;
  if (mismatch) report(mismatch, 'keyFile');
}

export function createDockerSchema(folder: ConfigFolder) {
  const shortForm = engineUrl
    .superRefine((url, context) => {
      if (isUnencryptedEngine(url)) addFault(context, UNENCRYPTED);
    })
    .transform((url): EngineConfig => ({ url: addPort(url, false), required: true }));
  const engine = z.union([shortForm, createEngineSchema(folder)], {
    error: ({ input }) => (isScalar(input) ? 'must be text' : 'must be a URL, or a mapping with `url`'),
  });
  const engines = checkItems(z.array(engine).max(CONFIG_LIMITS.engines), (items, report) => {
    for (const { item, first } of findDuplicates(items, ({ value }) => value.url)) {
      const message = `duplicates docker.engines[${first.index}]`;
      report({ code: 'duplicate', message, remedy: 'Remove one of the two.' }, item.index);
    }
  });
  const settings = z.strictObject({
    required: z
      .boolean()
      .exactOptional()
      .meta({
        description:
          'Whether a run fails when the login from Docker was not tested. With true, the default engine must be ' +
          'reachable, too, and a login test that is skipped or inconclusive is a failure (`TokenUnverified`). With false, ' +
          'engines in `engines` may be unreachable; the report then says that the login was not tested. Default: engines ' +
          'in `engines` must be reachable, the default one may be absent. Connections are refreshed in any case.',
        examples: [true],
      }),
    probe: z
      .strictObject({ image: imagesSchema })
      .transform(({ image }) => image)
      .exactOptional()
      .meta({
        description: 'What to request from registries, in addition to the check that they accept the token.',
        examples: [{ image: 'team/app:1.0' }],
      }),
    engines: engines.exactOptional().meta({
      description:
        'Docker Engines to test the login from: unix:// with an absolute path, tcp://host:port for loopback, or ' +
        'tcp:// with TLS as a mapping. An engine in this list must be reachable; the default one may be absent. With ' +
        'an empty list, tokens are verified only with their registry. Default: the engine of DOCKER_HOST, with ' +
        'DOCKER_TLS_VERIFY, and with ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH (else ~/.docker); without ' +
        `DOCKER_HOST, ${DEFAULT_ENGINE}. If DOCKER_HOST cannot be used, there is a warning and no engine is tested.`,
      examples: [[DEFAULT_ENGINE], [TLS_ENGINE]],
    }),
  });
  return checkTogether(settings, checkRequired, (docker) => docker);
}

function checkRequired({
  valid,
  report,
}: Settings<{ required?: boolean; engines?: readonly EngineConfig[] }>): void {
  if (valid.required !== true || valid.engines?.length !== 0) return;
  const message = 'cannot be combined with an empty `engines`';
  const remedy = 'Remove `required`, or name an engine in `engines`.';
  report({ code: 'conflict', message, remedy }, 'required');
}
