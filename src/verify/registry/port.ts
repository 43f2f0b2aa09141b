// What activities need of the checks with a registry.

/** Who was seen to reject a wrong password within the last day. */
export interface NegativeChecks {
  has(key: string): boolean;
  add(key: string): void;
}
