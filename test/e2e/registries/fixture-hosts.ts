// A connection for every kind of ECR host, with the API endpoint that must serve it.

export const CORPORATE_HOST = 'ecr.inner.example';
export const VPC_ENDPOINT = 'vpce-0a1b2c3d4e5f60718-abcdefgh.api.ecr.us-east-2.vpce.amazonaws.com';
export const PUBLIC_API = 'api.ecr-public.us-east-1.amazonaws.com';

export interface Place {
  readonly host: string;
  /** Host of the API. */
  readonly api: string;
  readonly region: string;
}

const place = (host: string, api: string, region: string): Place => ({ host, api, region });

/** The key is the id of the connection. */
export const FIXTURE_PLACES: Readonly<Record<string, Place>> = {
  usual: place(
    '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    'api.ecr.us-east-1.amazonaws.com',
    'us-east-1',
  ),
  other_account: place(
    '210987654321.dkr.ecr.us-east-1.amazonaws.com',
    'api.ecr.us-east-1.amazonaws.com',
    'us-east-1',
  ),
  fips_host: place(
    '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
    'api.ecr-fips.us-east-1.amazonaws.com',
    'us-east-1',
  ),
  fips_gov: place(
    '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
    'api.ecr-fips.us-gov-west-1.amazonaws.com',
    'us-gov-west-1',
  ),
  fips_entry: place(
    '444455556666.dkr.ecr-fips.us-west-1.amazonaws.com',
    'api.ecr-fips.us-west-1.amazonaws.com',
    'us-west-1',
  ),
  // A dual-stack host does not select the dual-stack endpoint: the tokens are the same, and some regions have none.
  dual_host: place('123456789012.dkr-ecr.us-west-2.on.aws', 'api.ecr.us-west-2.amazonaws.com', 'us-west-2'),
  dual_entry: place('111122223333.dkr-ecr.eu-central-1.on.aws', 'ecr.eu-central-1.api.aws', 'eu-central-1'),
  dual_entry_ipv4: place(
    '111122223333.dkr.ecr.eu-central-1.amazonaws.com',
    'ecr.eu-central-1.api.aws',
    'eu-central-1',
  ),
  china: place(
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    'api.ecr.cn-north-1.amazonaws.com.cn',
    'cn-north-1',
  ),
  sovereign: place(
    '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
    'api.ecr.eusc-de-east-1.amazonaws.eu',
    'eusc-de-east-1',
  ),
  iso: place(
    '123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov',
    'api.ecr.us-iso-east-1.c2s.ic.gov',
    'us-iso-east-1',
  ),
  public_ipv4: place('public.ecr.aws', PUBLIC_API, 'us-east-1'),
  public_dual: place('ecr-public.aws.com', PUBLIC_API, 'us-east-1'),
  vpc: place(CORPORATE_HOST, VPC_ENDPOINT, 'us-east-2'),
};

export const REGISTRIES = `registries:
  - {name: dual, account: "111122223333", region: eu-central-1, dualStack: true}
  - {name: strict, account: "444455556666", region: us-west-1, fips: true}
  - {name: inner, account: "123456789012", region: us-east-2, endpoint: "https://${VPC_ENDPOINT}", registryHost: ${CORPORATE_HOST}}`;

export const FIXTURE_HOSTS = toHosts(FIXTURE_PLACES);

export function toHosts(places: Readonly<Record<string, { readonly host: string }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(places).map(([id, { host }]) => [id, host]));
}

/** Invalid ECR hosts, with the expected message and the host that it suggests. */
export const INVALID_HOSTS: Readonly<Record<string, { host: string; message: RegExp; suggestion?: string }>> =
  {
    fips_unsupported: {
      host: '123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com',
      message: /ECR has no FIPS endpoint in eu-west-1, only in us-east-1, us-east-2/,
      suggestion: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    },
    china_suffix: {
      host: '123456789012.dkr.ecr.cn-north-1.amazonaws.com',
      message: /region cn-north-1 is in partition aws-cn, whose registry hosts do not end in amazonaws\.com/,
      suggestion: '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    },
    commercial_suffix: {
      host: '123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn',
      message: /region eu-west-1 is in partition aws, whose registry hosts do not end in amazonaws\.com\.cn/,
      suggestion: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    },
    short_account: {
      host: '12345678901.dkr.ecr.us-east-1.amazonaws.com',
      message: /the account must have 12 digits, not 11/,
    },
    dot_for_hyphen: {
      host: '123456789012.dkr.ecr.us-west-2.on.aws',
      message: /hosts that end in on\.aws have dkr-ecr instead of dkr\.ecr/,
      suggestion: '123456789012.dkr-ecr.us-west-2.on.aws',
    },
    invalid_region: {
      host: '123456789012.dkr.ecr.us-east1.amazonaws.com',
      message: /invalid region/,
      suggestion: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    },
    almost_public: {
      host: 'public.ecr.amazonaws.com',
      message: /the only hosts of ECR Public are public\.ecr\.aws and ecr-public\.aws\.com/,
      suggestion: 'public.ecr.aws',
    },
    unknown_suffix: {
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example',
      message: /whose registry hosts do not end in amazonaws\.com\.evil\.example/,
      suggestion: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    },
  };
