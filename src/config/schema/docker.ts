// Owns the form of `docker`: the engines that the sign-in is tested from, and what registries are asked besides.
// Refuses nothing that spans two settings: that is for what resolves them.
import { z } from 'zod';

/** The engine that is tested where nobody says otherwise. */
export const DEFAULT_ENGINE = 'unix:///var/run/docker.sock';

const imageName = z.string().min(1).max(600);

export const probeSchema = z.strictObject({
  image: z
    .union([imageName, z.array(imageName).min(1).max(100)], {
      error: 'is neither the name of an image nor a list of such',
    })
    .meta({
      description:
        'Image, or list of images, whose manifest registries are asked for at each run: proves that it may be ' +
        'pulled, not only that the token signs in. With the host of a registry before it, that one alone is asked; ' +
        'one image may stand without, and is asked of every registry.',
      examples: ['team/app:1.0', ['123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0']],
    }),
});

const MAX_ENGINE_CHARS = 1024;
export const engineUrl = z.string().min(1).max(MAX_ENGINE_CHARS);

const TLS_ENGINE = {
  url: 'tcp://docker.example.com:2376',
  caFile: 'docker/ca.pem',
  certFile: 'docker/cert.pem',
  keyFile: 'docker/key.pem',
};

function tlsFile(description: string, example: string) {
  return z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description, examples: [example] });
}

export const engineSchema = z.strictObject({
  url: engineUrl.meta({
    description:
      'unix:// with an absolute path, or tcp://host:port. Beyond loopback tcp:// needs at least one of the files ' +
      'below, by which TLS is spoken: the token would cross the network in clear.',
    examples: [TLS_ENGINE.url],
  }),
  caFile: tlsFile(
    'PEM file with the authorities to trust as issuers of the certificate of the engine, instead of those of Node. ' +
      'Relative to the folder of the configuration file.',
    TLS_ENGINE.caFile,
  ),
  certFile: tlsFile(
    'PEM file with the client certificate that the engine asks for (`--tlsverify`). Read anew at each connection, as ' +
      'are the other two.',
    TLS_ENGINE.certFile,
  ),
  keyFile: tlsFile(
    'PEM file with the private key of that certificate, without a passphrase.',
    TLS_ENGINE.keyFile,
  ),
});

const engineSetting = z.union([engineUrl, engineSchema], {
  error: ({ input }) => {
    if (input === '') return 'is empty';
    if (typeof input === 'string') return `is longer than ${MAX_ENGINE_CHARS} characters`;
    return 'is neither an address nor a mapping with `url`';
  },
});

export const dockerSchema = z.strictObject({
  probe: probeSchema.optional().meta({
    description: 'What registries are asked beside whether they accept the token.',
    examples: [{ image: 'team/app:1.0' }],
  }),
  engines: z
    .array(engineSetting)
    .max(20)
    .optional()
    .meta({
      description:
        'Docker Engines to test the sign-in from: unix:// with an absolute path, tcp://host:port on loopback, or ' +
        'tcp:// with TLS as a mapping. Named here, an engine must be there; the default one may be absent. An empty ' +
        'list tests with the registry alone. Default: that of DOCKER_HOST, with DOCKER_TLS_VERIFY by ca.pem, ' +
        'cert.pem and key.pem in DOCKER_CERT_PATH (else ~/.docker); without DOCKER_HOST ' +
        `${DEFAULT_ENGINE}. A DOCKER_HOST that cannot be used is warned of, and no engine is tested.`,
      examples: [[DEFAULT_ENGINE], [TLS_ENGINE]],
    }),
});
