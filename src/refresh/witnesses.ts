// Connections that were written in this run. Where such a connection can be written again, the store works, and the failure of
// another connection is its own.
export class Witnesses {
  /** By registry and token group. */
  readonly #connections = new Map<string, string>();

  note(registry: string, group: string, connection: string): void {
    this.#connections.set(toKey(registry, group), connection);
  }

  /** As a part of the input of an update. */
  find(registry: string, group: string): { readonly witness?: string } {
    const witness = this.#connections.get(toKey(registry, group));
    return witness === undefined ? {} : { witness };
  }
}

function toKey(registry: string, group: string): string {
  return JSON.stringify([registry, group]);
}
