// Owns the first look at what an activity is given: whoever may reach the task queue may send anything. Refuses
// whatever has not the form that the workflow sends, before any of it is looked up.
import { RefreshFailure } from '../refresh/failures.js';

/** `name?`: may be absent, as it is in runs that an earlier release began. */
export type FieldForm = 'name' | 'name?' | 'names' | 'page';

/** @throws RefreshFailure InputNotAllowed when the input is no object, or one of its fields not of its form */
export function checkInput<T extends object>(
  input: T,
  forms: Readonly<Record<keyof T & string, FieldForm>>,
): T {
  const given: unknown = input;
  const hasForm =
    typeof given === 'object' &&
    given !== null &&
    Object.entries(forms).every(([field, form]) =>
      isOfForm((given as Record<string, unknown>)[field], form as FieldForm),
    );
  if (hasForm) return input;
  // Nothing of it is shown: it came from outside and may be anything.
  throw new RefreshFailure('InputNotAllowed', 'The activity was given something else than a run gives it.');
}

function isOfForm(value: unknown, form: FieldForm): boolean {
  if (form === 'page') return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (form === 'name?' && value === undefined) return true;
  if (form === 'name' || form === 'name?') return typeof value === 'string';
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}
