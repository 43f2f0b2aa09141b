// Times in texts. Documents such as reports have ISO 8601 instead.

/** UTC to the minute: `2026-11-22 17:05 UTC`. @param time a string is ISO 8601 in UTC */
export function formatTime(time: Date | string): string {
  const iso = toIso(time);
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Where seconds matter, such as for retries: `2026-11-22 17:05:59 UTC`. */
export function formatTimeToSecond(time: Date | string): string {
  const iso = toIso(time);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function toIso(time: Date | string): string {
  return typeof time === 'string' ? time : time.toISOString();
}
