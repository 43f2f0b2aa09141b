// Calls of AWS, and the sources of credentials for them.
import { defineRemedies } from './remedy.js';

const RESUMES = 'The run resumes automatically.';
const RETRIED = 'The run retries automatically.';
const UNATTENDED = `For a worker that runs unattended, use an IAM role instead. ${RESUMES}`;
const ALLOW_ASSUME =
  "Allow sts:AssumeRole on the role in a policy of the principal. Allow the same in the role's trust policy";

export const AWS_REMEDIES = defineRemedies({
  wait: 'No action needed: the run retries automatically.',
  waitForNext: 'No action needed if the next attempt succeeds: the run retries automatically.',
  waitForLoad:
    'No action needed if the next attempt succeeds. Otherwise check what delays loading: a prompt for input, ' +
    'a proxy, the network.',
  retried: RETRIED,
  keepAuthorization: `Check for a proxy in front of AWS that removes or changes the Authorization header. ${RETRIED}`,
  checkFront: `Check for a proxy, a firewall or a login page in front of AWS, and a custom endpoint. ${RETRIED}`,
  checkTls:
    'Check for a proxy that intercepts TLS, or a custom endpoint. If you trust it, add its CA to the file ' +
    'of AWS_CA_BUNDLE, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.',
  enableRegion: `Enable the region in the AWS account settings, and STS in the IAM account settings. ${RESUMES}`,
  removeDeny: `Remove that deny statement: it overrides every allow. ${RESUMES}`,
  allowInPolicy: `Allow the call in that policy. ${RESUMES}`,
  fixRegion: 'Fix the region in the host of the connection, or in `registries`.',
  fixRegionSetting: 'Fix the region in the setting that the message names.',

  // ECR
  allowEcr:
    'Add to a policy of the principal: {"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":"*"}. ' +
    RESUMES,
  allowEcrPublic:
    'Add to a policy of the principal: {"Effect":"Allow","Action":["ecr-public:GetAuthorizationToken",' +
    `"sts:GetServiceBearerToken"],"Resource":"*"}. ${RESUMES}`,
  fixEndpoint: 'Fix `endpoint` of the entry under `registries`, or the DNS records of the VPC endpoint.',
  unsetEndpoint:
    'Unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECR (or endpoint_url of the profile): they exclude FIPS and ' +
    'dual-stack. Or set `endpoint` of this registry under `registries`.',
  unsetFips:
    'Unset AWS_USE_FIPS_ENDPOINT (or use_fips_endpoint of the profile) and set `fips: true` for the registries that have one.',

  // Roles
  allowAssume: `${ALLOW_ASSUME}. ${RESUMES}`,
  allowAssumeWithId: `${ALLOW_ASSUME} with the configured external id. ${RESUMES}`,
  allowAssumeOrSetId: `${ALLOW_ASSUME}. If that policy requires an external id, set \`externalId\` to it. ${RESUMES}`,
  allowAssumeByProfile: "Allow the worker in the role's trust policy (role_arn of the profile).",
  allowIdentity:
    'Allow the identity provider in the trust policy of the role, with the subject and audience of the token.',
  checkIdentityToken: `Check that the file contains an unexpired token, and that its identity provider is registered in the account. ${RESUMES}`,
  mountIdentityToken: "Mount the file, fix its path, or allow the worker's user to read it.",
  removeDuration:
    'Remove `sessionDuration`: AWS limits the session of a role that another role assumes to one hour.',
  shortenDuration:
    'Shorten `sessionDuration`, or raise the maximum session duration of the role. For a role that another role ' +
    'assumes, the maximum is one hour.',

  fixKey: 'Fix it where the keys come from.',

  // Environment variables, and endpoints on the machine
  fixVariable: 'Fix the variable, or the secret or file that sets it.',
  setBoth: 'Set both variables, or unset both.',
  fixContainerUrl: 'Set the variable to the URL of the endpoint.',
  useContainerHttps:
    'Use https in the variable, or a loopback address, or the address of the ECS or EKS agent.',
  mountContainerToken: 'Mount the file of the token, or fix the variable.',
  checkAgent:
    'Check that the agent runs on the node and can be reached: the EKS Pod Identity agent (eks-pod-identity-agent), ' +
    `or the ECS agent. ${RETRIED}`,
  checkContainerEndpoint: `Check that the variable names the endpoint, and that nothing responds instead of it. ${RETRIED}`,
  checkTaskRole:
    'Check the task role (ECS), or the Pod Identity association of the service account (EKS), and the ' +
    'authorization token (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE).',
  giveCredentials:
    'Give the worker AWS credentials: an IAM role for its instance, pod or task, or AWS_PROFILE. In a container ' +
    'on an EC2 instance, the hop limit of the instance metadata options must be at least 2.',
  attachProfile: 'Attach an instance profile with a role.',
  enableMetadata:
    'Enable the metadata service in the metadata options of the instance, or give the worker other credentials.',
  checkLoginResponse: `Check for a proxy or custom endpoint in front of it. ${RETRIED}`,
  checkMetadata: `Check that nothing responds instead of the metadata service. ${RETRIED}`,

  // Profiles
  runProcess:
    "Run the `credential_process` command as the worker's user, with its HOME and PATH: it must print credentials " +
    'in JSON.',
  runSlowProcess:
    "Run the `credential_process` command as the worker's user: it must print credentials within 90 s " +
    'and must not wait for input.',
  logInSso: `Run \`aws sso login --profile\` with the name of this profile, as the worker's user and with its HOME. ${UNATTENDED}`,
  logIn: `Run \`aws login --profile\` with the name of this profile, as the worker's user and with its HOME. ${UNATTENDED}`,
  assignPermissionSet:
    'Assign the permission set to the user in IAM Identity Center, or fix sso_account_id and sso_role_name of the profile.',
  checkLoginNetwork: `Check the network, DNS and proxy between the worker and this host. ${RETRIED}`,
  addSsoSession: 'Add the section, or fix sso_session of the profile.',
  completeSso: 'Complete them with `aws configure sso --profile` and the name of this profile.',
  fixCredentialSource: 'Set it to Environment, EcsContainer, Ec2InstanceMetadata, or use source_profile.',
  fixConfigFile: "Fix the file, or allow the worker's user to read it.",
  renameSection: 'In this file, the name of the section must begin with the word profile: [profile NAME].',
  createProfile:
    'Create the profile, fix its name, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to the files ' +
    'that contain it.',
  avoidMfa:
    'Use SSO, a credential_process that prints temporary credentials, or a role whose trust policy does not ' +
    'require MFA.',
  endCircle: 'Let the last profile have keys or another source of credentials.',
  completeKeys: 'Add the missing key to the profile.',
  removeOneSource: 'Remove one of them.',
  addSource: 'Add source_profile, credential_source or web_identity_token_file to the profile.',
  addCredentials: 'Add keys, role_arn, credential_process or the sso_ settings to the profile.',
});
