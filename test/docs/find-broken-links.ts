// Links, images and anchors that lead nowhere, by the rules of GitHub.
import { posix } from 'node:path';
import type { MarkdownNode, Page } from './markdown.js';

/** @param exists whether the repository has this file or folder */
export function findBrokenLinks(pages: readonly Page[], exists: (path: string) => boolean): string[] {
  const anchors = new Map(pages.map((page) => [page.path, listAnchors(page)]));
  return pages.flatMap((page) =>
    listTargets(page).flatMap(({ target, line }) => {
      const problem = checkTarget(page.path, target, anchors, exists);
      return problem === undefined ? [] : `${page.path}:${line}: ${target}: ${problem}`;
    }),
  );
}

interface Target {
  readonly target: string;
  readonly line: number;
}

export function listTargets({ nodes }: Page): Target[] {
  return nodes.flatMap((node) =>
    listTargetsOf(node).map((target) => ({ target, line: node.position.start.line })),
  );
}

function listTargetsOf({ type, url = '', value = '' }: MarkdownNode): string[] {
  if (type === 'link' || type === 'image' || type === 'definition') return [url];
  // A reference without a definition is a text.
  if (type === 'text') return [...value.matchAll(/(?<=\])\[[^\]]+\]/g)].map(([reference]) => reference);
  if (type !== 'html') return [];
  return [...value.matchAll(/\s(?:href|src|srcset)="([^"]*)"/g)].map(([, target = '']) => target);
}

function checkTarget(
  page: string,
  target: string,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
  exists: (path: string) => boolean,
): string | undefined {
  if (target.startsWith('[')) return 'is not defined';
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return checkUrl(target);
  const [path = '', anchor] = target.split('#').map(decodeURIComponent);
  if (path.startsWith('/')) return 'is not relative';
  const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path));
  if (file.startsWith('..') || !exists(file)) return 'does not exist';
  if (anchor === undefined) return undefined;
  return anchors.get(file)?.has(anchor) ? undefined : `${file} has no such heading`;
}

function checkUrl(target: string): string | undefined {
  if (target.startsWith('mailto:')) return undefined;
  if (!URL.canParse(target)) return 'is not a valid URL';
  return new URL(target).protocol === 'https:' ? undefined : 'does not use https';
}

/** The anchors that GitHub gives to the headings, and those in HTML. */
export function listAnchors({ nodes }: Page): Set<string> {
  const anchors = new Set<string>();
  for (const node of nodes) {
    if (node.type === 'html') {
      for (const [, name = ''] of node.value?.matchAll(/\s(?:id|name)="([^"]*)"/g) ?? []) anchors.add(name);
    }
    if (node.type !== 'heading') continue;
    const slug = toSlug(readText(node));
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function readText({ type, value = '', children = [] }: MarkdownNode): string {
  const own = type === 'text' || type === 'inlineCode' ? value : '';
  return own + children.map(readText).join('');
}

function toSlug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}
