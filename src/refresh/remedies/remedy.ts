/**
 * A fix of the catalogue: a text of `FAILURES` or of this folder. These texts are fixed, so that no text from outside
 * can become one. What differs from case to case (a host, a path, a name) belongs in the message of the failure.
 */
export type Remedy = string & { readonly [brand]: true };

declare const brand: unique symbol;

/** Only for the files of this folder, which `parseRemedy` knows. */
export function defineRemedies<Name extends string>(
  texts: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Remedy>> {
  return texts as Readonly<Record<Name, Remedy>>;
}
