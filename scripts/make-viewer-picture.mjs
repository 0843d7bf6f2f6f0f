// Writes docs/viewer.webp: the page that `npm run demo` makes, at the block that it opens with. Needs `npm run demo` before, and
// a Chromium: the one that the tests unpack, or the one that CHROMIUM names.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = resolve(import.meta.dirname, '..');
const page = join(root, 'demo.html');
if (!existsSync(page)) throw new Error(`${page} is not there: run npm run demo`);
const cache = join(root, 'node_modules/.cache');
const unpacked = existsSync(cache) && readdirSync(cache).find((name) => /^chromium-[\d.]+$/.test(name));
const program = process.env.CHROMIUM ?? (unpacked && join(cache, unpacked, 'chromium'));
if (!program)
  throw new Error('there is no Chromium: name one with CHROMIUM, or run npx vitest run test/web/viewerPage.test.ts');

const folder = dirname(program);
const env = { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') };
const browser = await chromium.launch({ executablePath: program, env });
try {
  const view = { viewport: { width: 1280, height: 980 }, deviceScaleFactor: 1, colorScheme: 'light' };
  const shown = await browser.newPage(view);
  await shown.goto(pathToFileURL(page).href);
  await shown.getByRole('heading', { level: 1 }).waitFor();
  await shown.waitForTimeout(1000); // pictures are decoded
  await sharp(await shown.screenshot())
    .webp({ quality: 90 })
    .toFile(join(root, 'docs/viewer.webp'));
  console.log(`docs/viewer.webp: ${await shown.getByRole('heading', { level: 1 }).textContent()}`);
} finally {
  await browser.close();
}
