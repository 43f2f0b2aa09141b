// The region whose STS endpoint is called.
import { getPartition, hasFips } from '../refresh/aws-regions.js';

export interface StsRegion {
  readonly region: string;
  /** What sets it, such as a variable; undefined for the region of the registry. */
  readonly setting?: string;
}

/**
 * AWS_REGION, else AWS_DEFAULT_REGION, else the region of the registry: a role exists in all regions of its partition,
 * and the network of the worker may only allow the endpoint of its own. A variable with a region of another partition is
 * ignored, since credentials are only valid in theirs; so is one without FIPS endpoints if they are required.
 */
export function getStsRegion(registryRegion: string, env: NodeJS.ProcessEnv = process.env): StsRegion {
  for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const region = env[variable]?.trim();
    if (!region || getPartition(region).name !== getPartition(registryRegion).name) continue;
    if (env['AWS_USE_FIPS_ENDPOINT'] !== 'true' || hasFips(region)) return { region, setting: variable };
  }
  return { region: registryRegion };
}
