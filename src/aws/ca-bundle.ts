// AWS_CA_BUNDLE, and `ca_bundle` of the profile in use: CAs for AWS only, as in the AWS CLI and boto. The AWS SDK for
// JavaScript reads neither. There they replace the other CAs, here they add to them.
import fs from 'node:fs';
import type https from 'node:https';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { createCaAgents, createHttpsAgent } from '../net/agents.js';
import { NetworkError } from '../net/network-error.js';
import { findPems } from '../net/tls-files.js';
import { NETWORK_REMEDIES } from '../refresh/remedies/network.js';

/** The agent for one request to AWS. @throws NetworkError ca-invalid */
export type GetHttpsAgent = () => Promise<https.Agent>;

/** The setting is looked up once, its file read at each request. */
export function createAwsAgents(): GetHttpsAgent {
  let getAgent: Promise<() => https.Agent> | undefined;
  return async () => (await (getAgent ??= findAgents()))();
}

async function findAgents(): Promise<() => https.Agent> {
  const { AWS_CA_BUNDLE: ofVariable } = process.env;
  const profile = process.env['AWS_PROFILE'] || 'default';
  if (ofVariable) return createBundleAgents(ofVariable, 'AWS_CA_BUNDLE');
  const { configFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const ofProfile = configFile[profile]?.['ca_bundle'];
  if (ofProfile) return createBundleAgents(ofProfile, `ca_bundle of profile ${profile}`);
  const agent = createHttpsAgent();
  return () => agent;
}

/** @param setting starts the messages */
function createBundleAgents(file: string, setting: string): () => https.Agent {
  const fail = (problem: string): NetworkError =>
    new NetworkError('ca-invalid', `${setting}: ${file} ${problem}`, NETWORK_REMEDIES.setCaBundle);
  return createCaAgents(
    () => {
      try {
        return fs.readFileSync(file);
      } catch {
        throw fail('cannot be read');
      }
    },
    (content) => {
      const pems = findPems(content.toString());
      if (pems.length === 0) throw fail('contains no PEM certificate');
      return pems;
    },
  );
}
