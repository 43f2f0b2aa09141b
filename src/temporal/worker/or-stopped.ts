/** The result, or undefined as soon as the worker is stopped: a stop does not wait for a peer that is silent. */
export async function orStopped<T>(stop: AbortSignal, result: Promise<T>): Promise<T | undefined> {
  // After the stop its error is of no interest.
  result.catch(() => {});
  if (stop.aborted) return undefined;
  let onStop = (): void => {};
  const stopped = new Promise<undefined>((resolve) => (onStop = () => resolve(undefined)));
  stop.addEventListener('abort', onStop, { once: true });
  try {
    return await Promise.race([result, stopped]);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}
