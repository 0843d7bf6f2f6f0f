import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { viewerPage } from '../../scripts/buildViewer.mjs';
import { fillViewer } from '../../src/trace/fillViewer.js';
import { violations } from './support/axe.js';
import { openBrowser, whyNoBrowser } from './support/chromium.js';
import { embedTrace } from './support/embedTrace.js';
import { linesOf, type MadeRun, madeTrace } from './support/madeTrace.js';
import { compareToReference } from './support/reference.js';
import { serve } from './support/serve.js';

// The viewer as it is built, in a browser: from the disk with its traces in it, and from a server while a run goes on.

const reason = whyNoBrowser();
if (reason) console.info(`the viewer is not tested here: ${reason}`);

describe.skipIf(reason !== undefined)('the viewer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim viewer é-'));
  const complaints: string[] = [];
  let template: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    template = await viewerPage();
    browser = await openBrowser();
    page = await newPage();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function newPage(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const made = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    made.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    made.on('pageerror', (error) => complaints.push(error.message));
    return made;
  }
  /** Writes a page with traces in it, and opens it from the disk. */
  async function open(name: string, runs: Readonly<Record<string, MadeRun>>, hash = '', on = page): Promise<void> {
    const traces = await Promise.all(Object.entries(runs).map(([run, made]) => embedTrace(run, madeTrace(made))));
    const path = join(folder, `${name}.html`);
    writeFileSync(path, fillViewer(template, { traces }));
    await on.goto('about:blank');
    await on.goto(`${pathToFileURL(path)}${hash}`);
    await on.locator('h1').waitFor();
  }
  const text = (selector: string, on = page) => on.locator(selector).first().textContent();
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const title = () => text('h1');

  test('it is one small file that asks for nothing', async () => {
    expect(template.length).toBeLessThan(170_000);
    expect(template.match(/(?:src|href)="(?!data:)[^"]*"/g)).toBeNull();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open('demo', { demo: {} });
    expect(
      asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:') && !url.startsWith('blob:')),
    ).toEqual([]);
    expect(await title()).toBe('Why block 5 was made twice');
    expect(await page.locator('.pics canvas[data-state=drawn]').count()).toBe(3);
  });

  test('blocks, pictures, calls and tries are walked through by keys, and the address says where', async () => {
    await press('ArrowRight');
    expect(await title()).toBe('Block 6 was kept');
    await press('Home');
    expect(await title()).toBe('Block 0 is the first');
    await press('End', 'r');
    expect(await title()).toBe('Why block 5 was made twice');
    await press('.', '.', ',');
    expect(await text('.player output')).toBe('8 / 12');
    await press('[', '[');
    expect(await text('.pics figure:nth-child(2) figcaption')).toContain('what call 3 predicted');
    await press(']', ']', 'a', 'a');
    expect(await text('.pics figure:nth-child(3) figcaption')).toContain('second try:');
    await press('d');
    expect(await page.locator('.pic.heat canvas').count()).toBe(1);
    await expect.poll(() => new URL(page.url()).hash).toBe('#block=5&try=2&picture=7&over=picture');
    await press('d', 'ArrowLeft');
    await expect.poll(() => new URL(page.url()).hash).toBe('#block=4&picture=7');
  });

  test('a link opens the same, and so does the way back', async () => {
    await open('demo', { demo: {} }, '#block=3&explain=trigger&lambda=0.5&find=made+again&token=9');
    expect(await title()).toBe('Block 3 was kept');
    expect(await text('.explained .formula')).toBe('t > Twarm and Dt > μt + λ·σt');
    expect(await text('.whatif p')).toMatch(/^With λ = 0.5, /);
    expect(await text('#found')).toBe('block 5');
    expect(await text('.token')).toMatch(/^Token 9 · row 2, column 1 · drift/);
  });

  test('the questions of a newcomer, by the keyboard alone', async () => {
    await open('demo', { demo: {} });
    const say = (await text('.say'))?.replaceAll('\u00a0', ' ');
    expect(say).toMatch(/^Block 5 moved 10\.7, more than 9\.4 = mean \+ 2σ .* the 2 tokens .* from 9 cached frames/);
    expect(say).toMatch(/10\.3: less, if still above\. One new try is all it gets\.$/);
    const lost = await page.locator('.group.recent li:has(.removed)').allTextContents();
    expect(lost.map((each) => each.trim())).toHaveLength(9);
    expect(lost[0]).toContain('frame 6, lost 2 tokens for this block');
    await press('l');
    for (let step = 0; step < 10; step++) await press('ArrowRight');
    expect(await text('.whatif output')).toBe('3');
    expect(await text('.whatif p')).toMatch(/^With λ = 3, .*above: 5\. The same as in this run\.$/);
    await page.locator('[aria-label="Another p"]').fill('0.5');
    await expect.poll(() => text('.whatif p')).toMatch(/^With λ = 3 and p = 0\.5, /);
    await page.locator('[aria-label="Another warm-up"]').fill('0');
    await expect.poll(() => text('.whatif p')).toMatch(/^With λ = 3, p = 0\.5 and a warm-up of 0 blocks, /);
    await expect.poll(() => new URL(page.url()).hash).toContain('p=0.5&warmup=0');
    await page.locator('.whatif button').focus();
    await press('Enter');
    expect(await text('.whatif p')).toBe('');
    await page.locator('h1').click();
    await press('5');
    expect(await text('.source summary')).toMatch(/severity in src\/tokentrim\/severity\.ts:\d+/);
    await page.locator('.source summary').focus();
    await press('Enter');
    expect(await text('.code')).toContain('export function severity');
    await page.locator('.source .place button').focus();
    await press('Enter');
    const chosen = () => page.evaluate(() => String(getSelection()));
    const isTaken = async () =>
      (await text('.source .place button')) === 'copied' || /severity\.ts:\d+$/.test(await chosen());
    await expect.poll(isTaken).toBe(true);
    await press('Escape');
    expect(await page.locator('.explained').isVisible()).toBe(false);
  });

  test('blocks are found, and tokens are pointed at, by keys', async () => {
    await press('/');
    await page.keyboard.type('severity above 8');
    expect(await text('#found')).toMatch(/^3 blocks: 1, 2 and 5$/);
    await press('Enter');
    expect(await title()).toBe('Block 1 sets the scale');
    await press('Enter');
    expect(await title()).toBe('Block 2 sets the scale');
    await press('Escape', 'r');
    const map = page.locator('.surface');
    await map.focus();
    await press('ArrowRight', 'ArrowDown', 'ArrowRight');
    expect(await map.getAttribute('aria-valuetext')).toMatch(
      /^Token 5 · row 1, column 1 · drift 6\.\d+, rank 2 of 16 · in the unstable set · live in no cached frame$/,
    );
    expect(await title()).toBe('Why block 5 was made twice'); // the arrows were the map's
    await press('Escape');
    expect(await text('.token')).toMatch(/^Point at a token/);
  });

  test('it plays on its own, and the dialog says what the words mean', async () => {
    await page.locator('h1').click();
    const before = await text('.player output');
    await press('Space');
    await expect.poll(() => text('.player output')).not.toBe(before);
    await press('Space', '?');
    await page.locator('dialog[open] dt').first().waitFor();
    expect(await page.locator('dialog[open] dt').count()).toBeGreaterThan(20);
    expect(await page.locator('dialog[open]').evaluate((dialog) => dialog.scrollTop)).toBe(0);
    await press('ArrowRight', 'Escape');
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(0);
    await press('t');
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await press('t');
  });

  test('a tour of six stops is gone through by Enter, and left by Escape', async () => {
    const next = page.locator('.tour .primary');
    await page.locator('.head button', { hasText: 'Tour' }).focus();
    await press('Enter');
    const titles: (string | null)[] = [];
    for (let stop = 0; stop < 6; stop++) {
      await page.locator('.toured').first().waitFor();
      expect(await page.locator('.toured').count()).toBe(1);
      expect(await violations(page)).toEqual([]);
      titles.push(await text('.tour h2'));
      await expect.poll(() => next.evaluate((button) => button === document.activeElement)).toBe(true);
      await press('Enter');
    }
    expect(new Set(titles).size).toBe(6);
    await expect.poll(() => page.locator('.tour, .toured').count()).toBe(0);
    await page.locator('.head button', { hasText: 'Tour' }).click();
    await press('Escape');
    await expect.poll(() => page.locator('.tour').count()).toBe(0);
  });

  test('it looks as it did: the reference, but for what fonts and drivers draw otherwise', async () => {
    await open('demo', { demo: {} });
    await page.locator('.thumb canvas[data-state=drawn]').nth(6).waitFor();
    const { differing, pixels } = await compareToReference(await page.screenshot(), 'viewer-1280-light.png');
    // Nothing differs on the browser that made it; a square that is missing is 4% of the picture, the chart 20%.
    console.info(`${differing} of ${pixels} pixels differ from the reference`);
    expect(differing / pixels).toBeLessThan(0.01);
  });

  test('what was kept of the inside of the model is walked through by keys', async () => {
    await open('inside', { inside: { inside: [3, 9] } });
    const panel = page.locator('[aria-labelledby=inside-title]');
    await panel.locator('.bars').nth(1).waitFor();
    expect(await panel.locator('.bars li').count()).toBe(2 * 12);
    expect(await panel.locator('.bars p').first().textContent()).toMatch(
      /^layer 0 call 4: \d+ % to the cache, \d+ % to/,
    );
    expect(await panel.locator('.attention > p').textContent()).toContain('What token 3 attends to');
    const before = await panel.locator('.bars li').first().textContent();
    expect(before).toMatch(/^frame 6: [\d.]+ %$|^frame 6: /);
    await panel.locator('.seg button').nth(1).focus();
    await press('Enter');
    expect(await panel.locator('.attention > p').textContent()).toContain('What token 9 attends to');
    expect(await panel.locator('.vectors li').count()).toBe(3);
    await panel.locator('.surface').focus();
    await press('ArrowRight');
    expect(await panel.locator('.surface').getAttribute('aria-valuetext')).toMatch(
      /^Token 10: length [\d.]+ on average$/,
    );
    expect(await panel.locator('.asked').textContent()).toContain('Kept of tokens 3 and 9 alone.');
    expect(await violations(page)).toEqual([]);
  });

  const two = { with: { blocks: 11, jumps: [4] }, without: { blocks: 11, jumps: [4], trim: { sensitivity: 50 } } };
  test('two runs are set beside each other', async () => {
    await open('two', two);
    await press('c', 'ArrowRight');
    expect(await title()).toBe('Block 5, side by side');
    expect(await page.locator('.pics figure').count()).toBe(4);
    expect(await page.locator('.thumb').nth(5).locator('canvas').count()).toBe(2);
    await press('Home', 'ArrowRight');
    expect(await title()).toBe('Block 1, the same in both');
    await press('c');
    expect(await title()).toBe('Block 1 sets the scale');
  });

  test.each<[string, MadeRun, string, string]>([
    ['given', { given: 2, end: 'stopped' }, '', 'Why block 5 was made twice'],
    ['rolling', { method: 'rolling-forcing', sink: 3 }, '', 'Why block 5 was made twice'],
    ['wan', { method: 'wan', blocks: 1, trim: false }, '', 'The whole video, made at once'],
    ['off', { trim: false }, '#block=3', 'Block 3 was kept as it came'],
    ['latents', { method: 'latents', title: 'mine.pt', blocks: 9 }, '', 'Block 5 moved too much'],
    ['unpictured', { side: 0 }, '', 'Why block 5 was made twice'],
    ['calm', { jumps: [] }, '', 'Block 6 was kept'],
    ['large', { grid: { height: 30, width: 52 }, window: 21, blocks: 9 }, '', 'Why block 5 was made twice'],
  ])('every kind of run is shown: %s', async (name, made, hash, expected) => {
    await open(name, { [name]: made }, hash);
    expect(await title()).toBe(expected);
    expect(await violations(page)).toEqual([]);
  });

  test.each([
    ['cut off', (lines: string) => lines.slice(0, lines.length * 0.7), 'The trace has no end', 'Block'],
    [
      'of another version',
      (lines: string) => lines.replace('"version":1', '"version":7'),
      'This trace is of version 7',
      'This cannot be shown',
    ],
    ['of something else', () => '{"a":1}\n', 'This is no trace', 'This cannot be shown'],
    [
      'damaged',
      (lines: string) => lines.replace(/\n(?=.*"block":3)/, '\nx'),
      'is damaged: what it said is missing, and the rest is shown',
      'Why block 5 was made twice',
    ],
  ])('a trace that is %s: a sentence, and what can be seen', async (name, spoil, problem, heading) => {
    const trace = await embedTrace('demo', madeTrace());
    const path = join(folder, `${name}.html`);
    writeFileSync(path, fillViewer(template, { traces: [{ ...trace, events: spoil(trace.events) }] }));
    await page.goto(String(pathToFileURL(path)));
    await expect.poll(() => text('main')).toContain(problem);
    expect(await title()).toContain(heading);
  });

  test.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('axe finds nothing at %i, %s', async (width, colorScheme) => {
    const other = await newPage({ viewport: { width, height: 800 }, colorScheme });
    await open('two', two, '#explain=severity&lambda=1&p=0.3&warmup=1&find=made+again&token=5', other);
    expect(await violations(other)).toEqual([]);
    await other.keyboard.press('c');
    expect(await violations(other)).toEqual([]);
    await other.keyboard.press('?');
    expect(await violations(other)).toEqual([]);
    await open('inside', { inside: { inside: [3, 9], method: 'rolling-forcing', sink: 3 } }, '#token=9', other);
    await other.locator('.bars').first().waitFor();
    expect(await violations(other)).toEqual([]);
    const overflow = await other.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    await other.close();
  });

  test('a thousand blocks have as many elements as thirty, and walking through them does not stall', async () => {
    await open('long', { long: { blocks: 1000, jumps: [50, 300, 700, 999], side: 8, seed: 3 } });
    const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
    expect(await elements()).toBeLessThan(1500);
    await press('End');
    expect(await title()).toMatch(/block 999/i);
    expect(await page.locator('.thumb').count()).toBeLessThan(60);
    const times = await page.evaluate(walk, 60);
    console.info(
      `a block further in a run of 1000: median ${times.median.toFixed(1)} ms, longest ${times.longest.toFixed(1)} ms, ${await elements()} elements`,
    );
    expect(await elements()).toBeLessThan(1500);
  });

  test('a run that goes on is followed, from a server', async () => {
    const { events, sheets } = madeTrace({ blocks: 6, jumps: [], side: 0 });
    expect(sheets.size).toBe(0);
    const lines = linesOf(events);
    const part = lines.indexOf('\n', lines.length / 2) + 20; // within a line
    const site = join(folder, 'site');
    mkdirSync(join(site, 'a run'), { recursive: true });
    writeFileSync(join(site, 'index.html'), template);
    writeFileSync(join(site, 'traces.json'), '[{"name":"a run"}]');
    writeFileSync(join(site, 'a run/events.jsonl'), lines.slice(0, part));
    using server = await serve(site);
    await page.goto(server.address);
    await page.locator('.thumb:enabled').nth(2).waitFor();
    expect(await text('.problem')).toContain('the run is going on, or was cut off');
    writeFileSync(join(site, 'a run/events.jsonl'), lines);
    await page.locator('.thumb:enabled').nth(5).waitFor();
    await expect.poll(() => page.locator('.problem').count()).toBe(0);
    expect(server.requests.some((request) => request === `/a run/events.jsonl ${part}-`)).toBe(true);
  });

  test('nothing complained, but for files that were not made', () => {
    expect(complaints.filter((text) => !/404|Failed to load resource/.test(text))).toEqual([]);
  });
});

/** In the page: goes back so many blocks, and says how long it took until each was drawn. */
async function walk(count: number): Promise<{ median: number; longest: number }> {
  const times: number[] = [];
  const drawn = () =>
    new Promise<number>((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))));
  for (let step = 0; step < count; step++) {
    const start = await drawn();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
    times.push((await drawn()) - start);
  }
  times.sort((left, right) => left - right);
  return { median: times[count >> 1], longest: times[count - 1] };
}
