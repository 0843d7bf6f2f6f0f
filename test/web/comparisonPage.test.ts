import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { viewerPage } from '../../scripts/buildViewer.mjs';
import { buildReport } from '../../src/compare/buildReport.js';
import { fillComparison } from '../../src/compare/fillComparison.js';
import { markedPage } from '../../src/node/trace/viewerPage.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { madeRecord } from '../compare/support/madeRecords.js';
import { violations } from './support/axe.js';
import { openBrowser, whyNoBrowser } from './support/chromium.js';

// The page of comparisons as it is built, opened from the disk with a report in it.

const reason = whyNoBrowser();
if (reason) console.info(`the page of comparisons is not tested here: ${reason}`);

const presets = ['self-forcing', 'rolling-forcing'];
const arms = ['baseline', 'tokentrim', 'placebo'];

/** Twelve pairs; tokentrim's videos are sharper by 0.5, placebo's by nothing, and one placebo run is missing. */
function madeReport() {
  const random = new TorchGenerator(5);
  const records = presets.flatMap((preset) =>
    Array.from({ length: 12 }, (_, index) => `prompt ${index} </script><b>`).flatMap((prompt) => {
      const level = 3 + random.randn(1)[0];
      return arms.map((arm) => {
        const sharpness =
          arm === 'baseline' ? level : level + (arm === 'tokentrim' ? 0.5 : 0) + 0.1 * random.randn(1)[0];
        return madeRecord({ preset, arm, prompt, seed: '0', sharpness, again: arm === 'baseline' ? [] : [2] });
      });
    }),
  );
  return buildReport({
    presets,
    arms: arms.map((name) => ({ name, options: `options of ${name}`, equalAtFirst: presets })),
    records: records.filter(({ arm, prompt }) => arm !== 'placebo' || !prompt.startsWith('prompt 3')),
    keptOf: ({ arm, pair }) => (arm === 'tokentrim' ? { trace: `traces/${pair}.html` } : {}),
  });
}

describe.skipIf(reason !== undefined)('the page of comparisons', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim comparison é-'));
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const path = join(folder, 'report.html');
    writeFileSync(path, markedPage(fillComparison(await viewerPage('comparison'), madeReport())));
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(path).href);
    await page.locator('h1').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const plot = (name: string) => page.locator(`section[aria-label="Differences"] svg[aria-label^="${name}"]`);

  test('says what was compared', async () => {
    expect(await page.locator('h1').textContent()).toBe('self-forcing: 2 arms against baseline, 12 pairs');
    expect(await page.locator('.what').textContent()).toContain('12 prompts, 1 seed, videos of 12.0 s');
    const row = page.locator('section[aria-label="Arms"] tbody tr').nth(1);
    expect(await row.textContent()).toContain('12 of 48 blocks, 25%');
  });

  test('tells a difference that is there from one that is not', async () => {
    const marks = plot('sharpness').locator('g');
    expect(await marks.nth(0).getAttribute('class')).toBe('told');
    expect(await marks.nth(0).locator('title').textContent()).toMatch(/^tokentrim − baseline 0\.[45]/);
    expect(await marks.nth(1).getAttribute('class')).toBe('');
    expect(await marks.nth(1).locator('title').textContent()).toContain('11 pairs');
  });

  test('shows another moment, arm and method', async () => {
    await page.getByRole('combobox').selectOption('change');
    expect(await plot('sharpness').getAttribute('aria-label')).toContain('tokentrim − baseline 0 (0 to 0)');
    await page.getByRole('button', { name: 'placebo' }).click();
    expect(await page.locator('h2 b.hot').textContent()).toBe('placebo');
    await page.getByRole('button', { name: 'rolling-forcing' }).click();
    expect(await page.locator('h1').textContent()).toContain('rolling-forcing');
  });

  test('links what was kept, names what is missing, and takes a prompt for text', async () => {
    const rows = page.locator('section[aria-label="Runs"] tbody tr');
    expect(await rows.count()).toBe(12);
    expect(await rows.nth(3).textContent()).toContain('prompt 3 </script><b>001tracemissing'); // the seed, then how often each stepped in
    expect(await rows.nth(3).textContent()).toContain('missing');
    expect(await rows.nth(0).locator('a').count()).toBe(1);
  });

  test('reads as a page, in light and dark, and has room on a small screen', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(complaints).toEqual([]);
  });
});
