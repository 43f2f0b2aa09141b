// Owns what of a token is secret: its random part. The rest is the same in every token, and finding it says nothing.
import type { KnownSecret } from './forms.js';

/**
 * A password of ECR, or of its stand-in: base64 of a document of payload, data key, version, type and expiry. What
 * follows the data key is cut off, as tokens of one second share it. The 12 and 13 bytes before payload and data
 * key stay: 17 characters at most, fewer than any part that counts. Another kind of password is taken whole.
 */
export function ecrTokenSecret(name: string, password: string): KnownSecret {
  const text = Buffer.from(password, 'base64').toString('latin1');
  const dataKey = /"datakey":"[^"]*/.exec(text);
  const end = dataKey === null ? undefined : dataKey.index + dataKey[0].length;
  const value = end === undefined ? password : password.slice(0, Math.floor((end * 8) / 6));
  return { name, value };
}

/**
 * A JWT's signature, without which the rest lets nobody in, and of its claims the random `jti`, by which a JWT is
 * known that was cut before its signature. Header and other claims are alike in many. Claims without a long `jti`
 * are looked for as a whole only, and what is no JWT is taken whole.
 */
export function jwtSecrets(name: string, jwt: string): KnownSecret[] {
  const [, claims, signature] = jwt.split('.');
  if (claims === undefined || signature === undefined) return [{ name, value: jwt }];
  const id = /(?<="jti":\s?")[^"]{24,}/.exec(Buffer.from(claims, 'base64url').toString('latin1'));
  const ofClaims =
    id === null
      ? { name: `${name}, claims`, value: claims, wholeOnly: true }
      : { name: `${name}, jti`, value: base64Between(claims, id.index, id.index + id[0].length) };
  return [{ name: `${name}, signature`, value: signature }, ofClaims];
}

/** The characters of base64 text that hold nothing but the bytes from `start` to `end`. */
function base64Between(text: string, start: number, end: number): string {
  return text.slice(Math.ceil((start * 8) / 6), Math.floor((end * 8) / 6));
}
