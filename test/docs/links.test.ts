import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documents, root } from './documents.js';

/** Where a link in Markdown, or an image, leads. */
const LINK = /\]\(([^)\s]+)\)/g;

/** What looks like the path of a file of this repository, in text or code. `<name>` and globs stand for several. */
const PATH = /(?<![\w/.-])(?:\.ci|\.vscode|bin|docs|examples|scripts|src|test|weights)\/[\w./-]*\w/g;

describe.each(documents)('%s', (name) => {
  const text = readFileSync(join(root, name), 'utf8');

  test('links lead somewhere', () => {
    const links = Array.from(text.matchAll(LINK), ([, target]) => target).filter((target) => !target.includes('://'));
    const broken = links.filter((target) => !existsSync(join(root, dirname(name), target.split('#')[0])));
    expect(broken).toEqual([]);
  });

  test('paths are those of files that exist', () => {
    const prose = text.replaceAll(LINK, ']');
    const paths = Array.from(prose.matchAll(PATH), ([path]) => path);
    const missing = paths.filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});

test('the documents are found, links among them', () => {
  expect(documents).toContain('README.md');
  expect(documents.filter((name) => name.startsWith('docs/decisions/')).length).toBeGreaterThanOrEqual(6);
  expect(readFileSync(join(root, 'README.md'), 'utf8').match(LINK)?.length).toBeGreaterThan(10);
});
