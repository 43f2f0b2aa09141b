// Reads `reauth` of a connection's extra as DockerHook does. If it is off, docker-py does not log in when the worker's
// ~/.docker/config.json has credentials of the same user, and pulls with those.

const ON = ['y', 'yes', 't', 'true', 'on', '1'];
const OFF = ['n', 'no', 'f', 'false', 'off', '0'];

/**
 * @param extra JSON text, as Airflow's API returns it
 * @returns whether the hook logs in; `no object` when it fails because the extra is other JSON; `unknown` when it
 *   fails because it has no meaning for the value. An extra that is not JSON counts as empty, as in the hook.
 *   Source: `DockerHook.__login` of the Docker provider 4.6.1, the same since 3.7.0.
 */
export function readReauth(extra: string | null): boolean | 'no object' | 'unknown' {
  if (!extra) return true;
  let parsed: unknown;
  try {
    parsed = JSON.parse(toStandardJson(extra));
  } catch {
    return true;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'no object';
  if (!Object.hasOwn(parsed, 'reauth')) return true;
  const { reauth } = parsed as { reauth: unknown };
  if (typeof reauth !== 'string') return isTrueInPython(reauth);
  const value = reauth.toLowerCase();
  if (ON.includes(value)) return true;
  return OFF.includes(value) ? false : 'unknown';
}

/**
 * Python's JSON has NaN and Infinity, which are true in a condition. Texts do not change. Nor does one without its end:
 * otherwise, the search would take hours in a megabyte.
 */
function toStandardJson(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"?|\b(?:NaN|Infinity)\b/gs, (part) =>
    part.startsWith('"') ? part : '1',
  );
}

/** Empty containers are false in Python. */
function isTrueInPython(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
