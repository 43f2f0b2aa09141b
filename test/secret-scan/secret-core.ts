// Extracts the secret part of a token, which is random. The rest is the same in many tokens, so it is not searched for.
import type { KnownSecret } from './forms.js';

/**
 * A password of ECR, or of its stand-in: base64 of a document of payload, data key, version, type and expiry. What
 * follows the data key is cut off, because tokens of the same second share it. The 12 and 13 bytes before payload and
 * data key stay: at most 17 characters, fewer than any part that counts. Any other password is used whole.
 */
export function ecrTokenSecret(name: string, password: string): KnownSecret {
  const text = Buffer.from(password, 'base64').toString('latin1');
  const dataKey = /"datakey":"[^"]*/.exec(text);
  const end = dataKey === null ? undefined : dataKey.index + dataKey[0].length;
  const value = end === undefined ? password : password.slice(0, Math.floor((end * 8) / 6));
  return { name, value };
}

/**
 * The signature of a JWT, without which the rest grants no access, and the random `jti` of its claims, which identifies
 * a JWT that was cut before its signature. Many JWTs share the header and other claims. Claims without a long `jti` are
 * only searched for as a whole. Anything other than a JWT is used whole.
 */
export function jwtSecrets(name: string, jwt: string): KnownSecret[] {
  const [, claims, signature] = jwt.split('.');
  if (claims === undefined || signature === undefined) return [{ name, value: jwt }];
  const id = /(?<="jti":\s?")[^"]{24,}/.exec(Buffer.from(claims, 'base64url').toString('latin1'));
  const claimsSecret =
    id === null
      ? { name: `${name}, claims`, value: claims, wholeOnly: true }
      : { name: `${name}, jti`, value: base64Between(claims, id.index, id.index + id[0].length) };
  return [{ name: `${name}, signature`, value: signature }, claimsSecret];
}

/** The characters of base64 text that encode only the bytes from `start` to `end`. */
function base64Between(text: string, start: number, end: number): string {
  return text.slice(Math.ceil((start * 8) / 6), Math.floor((end * 8) / 6));
}
