/** Escapes text outside code spans: `<account>` would be an HTML tag, and `*` would be emphasis. */
export function escapeMarkdown(text: string): string {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part.replace(/[<*]/g, '\\$&') : part))
    .join('`');
}
