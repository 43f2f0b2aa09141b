// Owns the question whether an image may be pulled: its manifest is asked for, and nothing else.
// Refuses to take a missing image for a missing right: it proves neither.
import type { PullProbe } from '../../refresh/activity-types.js';
import type { Secret } from '../../log/secret.js';
import type { HttpResponse } from '../../net/http.js';
import { NetworkError } from '../../net/network-error.js';
import type { Challenge } from './challenge.js';
import type { RegistryClient } from './client.js';
import { describeUnexpectedStatus, errorOf } from './classify-response.js';

/** Asks for the manifest of `repository:tag` or `repository@digest`. Never throws for a registry that does not answer. */
export async function probePull(
  talk: RegistryClient,
  challenge: Challenge,
  password: Secret,
  image: string,
): Promise<PullProbe> {
  const { repository, reference } = splitImage(image);
  try {
    const signIn = await talk.authorize(challenge, password, `repository:${repository}:pull`);
    const answer =
      'refusedBy' in signIn
        ? signIn.refusedBy
        : await talk.getManifest(repository, reference, signIn.authorization);
    return { image, ...classifyPull(answer) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return { image, outcome: 'unknown', message: error.message };
  }
}

function splitImage(image: string): { repository: string; reference: string } {
  const at = image.includes('@') ? image.indexOf('@') : image.lastIndexOf(':');
  return { repository: image.slice(0, at), reference: image.slice(at + 1) };
}

function classifyPull(answer: HttpResponse): Omit<PullProbe, 'image'> {
  const { status } = answer;
  if (status === 200) {
    return isManifest(answer)
      ? { outcome: 'allowed' }
      : { outcome: 'unknown', message: 'something other than a manifest was answered' };
  }
  const error = errorOf(answer);
  if ((status === 401 || status === 403) && error) {
    return { outcome: 'denied', message: `${status} ${error.code ?? ''}: ${describeDenial(error.message)}` };
  }
  if (status === 404 && error) {
    const what = error.code === 'NAME_UNKNOWN' ? 'repository' : 'image';
    return { outcome: 'missing', message: `the registry has no such ${what}` };
  }
  return { outcome: 'unknown', message: describeUnexpectedStatus(status) };
}

/** ECR names the action; only what looks like one is shown. Sources: ECR credential helper issues 88, 164, 242. */
function describeDenial(message = ''): string {
  const action = /not authorized to perform:\s*(ecr(?:-public)?:[A-Za-z]{1,60})\b/.exec(message)?.[1];
  return action === undefined
    ? 'the principal signs in, and may not pull'
    : `the principal signs in, and may not pull: it lacks ${action}`;
}

function isManifest({ json }: HttpResponse): boolean {
  return typeof json === 'object' && json !== null && 'schemaVersion' in json;
}
