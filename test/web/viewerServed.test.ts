import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { viewerPage } from '../../scripts/buildViewer.mjs';
import { encodeSheet } from '../../src/media/sheets.js';
import { openTraceFolder } from '../../src/node/trace/openTraceFolder.js';
import { saveReport } from '../../src/node/trace/saveReport.js';
import { serveTraces } from '../../src/node/trace/serveTraces.js';
import { TraceFolder } from '../../src/node/trace/traceFolder.js';
import { openBrowser, whyNoBrowser } from './support/chromium.js';
import { madeTrace } from './support/madeTrace.js';

// A folder as a run writes it, looked at as `tokentrim view` shows and saves it: what the page may do is little, and enough.

describe.skipIf(whyNoBrowser() !== undefined)('a trace in a folder', () => {
  const home = mkdtempSync(join(tmpdir(), 'tokentrim view é-'));
  const folder = join(home, 'a run');
  let viewer: string;
  let browser: Browser;

  beforeAll(async () => {
    viewer = await viewerPage();
    browser = await openBrowser();
    const { events, tensors, sheets } = madeTrace({});
    const sink = await TraceFolder.create(folder, { encodeSheet });
    for (const [file, list] of tensors) await sink.tensors(file, list);
    for (const [file, sheet] of sheets) await sink.pictures(file.replace(/\.webp$/, ''), [sheet], 16383);
    for (const event of events) await sink.event(event);
    await sink.close('finished');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** Opens an address, and tells what the page shows and complains of. */
  async function look(address: string) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    await page.locator('h1').waitFor();
    await page.locator('.pics canvas[data-state=drawn]').first().waitFor();
    const shown = {
      title: await page.locator('h1').textContent(),
      drawn: await page.locator('.pics canvas[data-state=drawn]').count(),
    };
    const aspect = await page
      .locator('.pics')
      .first()
      .evaluate((element) => element.getAttribute('style'));
    await page.close();
    return { ...shown, aspect, complaints };
  }

  test('is served, and saved as one page, and looks the same', async () => {
    const server = await serveTraces([await openTraceFolder(folder)], viewer);
    const served = await look(server.address);
    await server.close();
    expect(served).toMatchObject({ title: 'Why block 5 was made twice', complaints: [] });
    expect(served.drawn).toBeGreaterThan(1);
    expect(served.aspect).toContain('--aspect'); // styles that the script sets are allowed
    await saveReport(folder, join(home, 'report.html'), { viewer });
    expect(await look(String(pathToFileURL(join(home, 'report.html'))))).toEqual(served);
  });
});
