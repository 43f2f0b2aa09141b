// Tokens that a registry rejects, and connections of unknown registries.
import { defineRemedies } from './remedy.js';

export const REGISTRY_REMEDIES = defineRemedies({
  checkRegionOfToken:
    'Check that the registry is in the region and partition of the token, and check for a proxy that changes requests.',
  checkRole:
    'Check that the role of the principal still exists and that its sessions were not revoked, which ends its tokens.',
  checkPublicProxy:
    'Check for a proxy that changes requests; ECR Public does not accept tokens of private registries.',
  fixRegion:
    'Fix the region of the entry under `registries`, or its `registryHost`: a token is valid in one region only.',
  chooseRegistry: 'Set `registry` to one of them in the entry of the connection under `connections`.',
});
