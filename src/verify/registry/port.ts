/** The keys of registries and engines that rejected a wrong password within the last day. */
export interface NegativeChecks {
  has(key: string): boolean;
  add(key: string): void;
}
