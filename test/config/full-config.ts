// A configuration that uses every setting but `schedule.cron`, which cannot be combined with `every`.
import { SELF_SIGNED } from '../support/self-signed.js';
import { CANARY } from './config-folder.js';

const MWAA_ROLE =
  'roleArn: "arn:aws:iam::111122223333:role/refresh", via: ["arn:aws:iam::111122223333:role/main"], ' +
  'externalId: data, sessionName: refresh';
const MWAA_WEB = 'roleArn: "arn:aws:iam::222233334444:role/refresh", webIdentityTokenFile: token';

export const FULL = `version: 1
airflows:
  - name: main
    url: http://airflow.internal:8080/team
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections:
      - docker_default
      - {id: docker_eu, registry: eu, ifMissing: create}
      - {match: "*_ecr"}
    version: 3
    headers: {X-Team: data}
    caFile: certificate.pem
    allowInsecureHttp: true
  - name: managed
    url: https://managed.internal
    auth: {token: {file: token}}
    connections: [docker_default]
  - name: mwaa
    auth: {mwaa: {environment: my-environment, region: us-east-1}}
    connections: [docker_default]
  - {name: keycloak, url: "https://k.internal", auth: {tokenRequest: {body: {jwt: {file: token}}, headers: {X-A: a}}}, connections: [a]}
  - {name: mwaa-role, auth: {mwaa: {environment: e, region: us-east-1, ${MWAA_ROLE}}}, connections: [a]}
  - {name: mwaa-web, auth: {mwaa: {environment: e, region: us-east-1, ${MWAA_WEB}}}, connections: [a]}
  - {name: mwaa-profile, auth: {mwaa: {environment: e, region: us-east-1, profile: airflow}}, connections: [a]}
registries:
  - name: eu
    region: eu-west-1
    account: "123456789012"
    dualStack: true
  - name: us
    region: us-east-1
    account: {airflowVariable: ecr_aws_account, airflow: main}
    fips: true
    credentials:
      roleArn: arn:aws:iam::123456789012:role/ecr-pull
      via: [arn:aws:iam::111122223333:role/hub]
      externalId: data-platform
      sessionName: airflow-ecr-refresh
      sessionDuration: 30m
  - name: web
    region: {airflowVariable: ecr_aws_region_name, airflow: main}
    account: "123456789012"
    endpoint: https://ecr.internal
    credentials: {roleArn: "arn:aws:iam::123456789012:role/ecr-pull", webIdentityTokenFile: token}
  - name: local
    region: us-east-1
    account: "123456789012"
    registryHost: 127.0.0.1:5000
  - name: public
    kind: public
    credentials: {profile: production}
docker:
  probe: {image: "team/app:1.0"}
  engines:
    - {url: "tcp://docker.internal:2376", caFile: certificate.pem, certFile: certificate.pem, keyFile: key.pem}
    - {url: "tcp://docker-proxy", allowInsecureTcp: true}
  required: true
schedule:
  id: ecr-refresh
  every: 4h
  jitter: 5m
  retryFor: 3h
  allowNarrowMargin: true
temporal:
  taskQueue: ecr-refresh
`;

/** Writes the files that it refers to. */
export function writeFullFiles(write: (content: string, name: string) => unknown): void {
  write(CANARY, 'token');
  write(SELF_SIGNED.cert, 'certificate.pem');
  write(SELF_SIGNED.key, 'key.pem');
}
