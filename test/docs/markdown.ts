// Reads the Markdown files of the repository with the parser of prettier, which formats them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParserOptions } from 'prettier';
import { parsers } from 'prettier/plugins/markdown';
import { listFiles } from '../support/copy-repository.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A node of the syntax tree (mdast). */
export interface MarkdownNode {
  readonly type: string;
  readonly value?: string;
  readonly url?: string;
  /** The language of a fenced code block. */
  readonly lang?: string | null;
  readonly children?: readonly MarkdownNode[];
  readonly position: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly offset: number;
}

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** All nodes of the page, in their order. */
  readonly nodes: readonly MarkdownNode[];
}

let pages: Promise<readonly Page[]> | undefined;

/** All Markdown files. */
export function readPages(): Promise<readonly Page[]> {
  pages ??= parsePages();
  return pages;
}

async function parsePages(): Promise<Page[]> {
  const paths = listFiles().filter((file) => file.endsWith('.md'));
  return Promise.all(paths.map((path) => parsePage(path, readFileSync(join(ROOT, path), 'utf8'))));
}

export async function parsePage(path: string, text: string): Promise<Page> {
  const tree = (await parsers.markdown.parse(text, {} as ParserOptions)) as MarkdownNode;
  return { path, text, nodes: listNodes(tree) };
}

function listNodes(node: MarkdownNode): MarkdownNode[] {
  return [node, ...(node.children ?? []).flatMap(listNodes)];
}

/** Code spans and code blocks: text that is neither prose nor a link. */
export function isCode({ type }: MarkdownNode): boolean {
  return type === 'code' || type === 'inlineCode';
}

/** The pages for users: README.md and docs/, without the decision records. */
export function isForUsers({ path }: Page): boolean {
  return path === 'README.md' || /^docs\/[^/]+\.md$/.test(path);
}
