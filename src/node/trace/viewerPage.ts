import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { TokenTrimError } from '../../errors.js';
import { HTML_MARK } from '../files/ownFile.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';

/** Where the build puts the viewer, in a clone and in the package. */
const VIEWER = fileURLToPath(new URL('../../../dist/viewer/viewer.html', import.meta.url));

/** And the page of comparisons. */
export const COMPARISON_PAGE = fileURLToPath(new URL('../../../dist/viewer/comparison.html', import.meta.url));

const MAX_BYTES = 2 ** 26;

/**
 * The page of the viewer, one file with its script and styles in it.
 * @throws TokenTrimError where it was not built
 */
export async function readViewer(path = VIEWER): Promise<string> {
  try {
    return await readTextFile(path, { what: 'the page of the viewer', limit: MAX_BYTES });
  } catch (cause) {
    if (!isAbsent(cause)) throw cause;
    throw new TokenTrimError(`The viewer is not built: expected ${path}. Run \`npm run build\` in the clone.`, {
      cause,
    });
  }
}

/** A script or a style that stands in a page; data that is no program has another type. */
const SCRIPT = /<script(?: type="module")?(?: crossorigin)?>([\s\S]*?)<\/script>/g;
const STYLE = /<style[^>]*>([\s\S]*?)<\/style>/g;

/**
 * What a page may do: run what stands in it, by its digest, and ask `connect` for data; nothing else. A trace comes from
 * anywhere, and no text of it is to be more than text.
 * @param connect whom: 'self' is the server that it came from
 */
export function contentPolicy(page: string, connect: "'self'" | "'none'"): string {
  const digests = (pattern: RegExp, text = page) => {
    const found = Array.from(text.matchAll(pattern), ([, inside]) =>
      createHash('sha256').update(inside).digest('base64'),
    );
    return found.length > 0 ? found.map((digest) => `'sha256-${digest}'`).join(' ') : "'none'";
  };
  return [
    "default-src 'none'",
    `script-src ${digests(SCRIPT)}`,
    `style-src ${digests(STYLE, page.replace(SCRIPT, ''))}`,
    'img-src data: blob:',
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** A page that is complete, with the mark by which this program knows it again, and with what it may do. */
export function markedPage(page: string): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(page, "'none'")}">`;
  return page.replace(/<meta charset="utf-8"[^>]*>/, (charset) => `${charset}${policy}${HTML_MARK}`);
}
