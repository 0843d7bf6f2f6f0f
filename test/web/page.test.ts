import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { openDevice } from '../../src/node/openDevice.js';
import { type GenerateRequest, generate } from '../../src/pipelines/generate.js';
import type { Answer } from '../../src/web/messages.js';
import { violations } from './support/axe.js';
import { openBrowser, whyNoBrowser } from './support/chromium.js';
import { type StaticServer, serve } from './support/serve.js';

// The page as it is built, in a browser that computes on the SwiftShader that Node has too. The toy world is asked for
// videos of 32 by 32 pixels in blocks of one latent frame: nobody looks at them.

const PROMPT = 'a blue square bounces up and down on a gray background';
const request: GenerateRequest = { prompt: PROMPT, width: 32, height: 32, framesPerBlock: 1, frames: 9, seed: 7 };
const address = '?width=32&height=32&framesPerBlock=1&frames=9&seed=7&warmup=0';

const reason = whyNoBrowser();
if (reason) console.info(`the page is not tested here: ${reason}`);

describe.skipIf(reason !== undefined)('the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim page é-'));
  let server: StaticServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const config = resolve(import.meta.dirname, '../../web/vite.config.ts');
    await build({ configFile: config, logLevel: 'warn', build: { outDir: folder } });
    server = await serve(folder);
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.addInitScript(listen);
  });
  afterAll(async () => {
    await browser?.close();
    server?.[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const text = (id: string) => page.locator(`#${id}`).textContent();
  const shown = (selector: string) => page.locator(`#viewer ${selector}`).first().textContent();
  /** Waits until so many blocks have a picture. */
  const blocks = (count: number) =>
    page
      .locator('.thumb:has(canvas[data-state=drawn])')
      .nth(count - 1)
      .waitFor({ timeout: 120_000 });

  test('a prompt is typed, pictures and severities come, and the latents are those of Node', async () => {
    await page.goto(`${server.address}${address}`);
    await page.locator('#start:enabled').waitFor();
    expect(await text('adapter')).toBe('google swiftshader');
    await page.locator('#prompt').fill(PROMPT);
    await page.locator('#start').click();
    expect(await page.locator('#start').isDisabled()).toBe(true);
    await blocks(2);

    expect(await text('calls')).toMatch(/^\d+ of 12$/);
    expect(await page.locator('#viewer .dot').count()).toBeGreaterThan(0);
    await page.locator('#start:enabled').waitFor({ timeout: 60_000 });
    expect(await text('stage')).toBe('finished');
    expect(await page.locator('#viewer .pics canvas[data-state=drawn]').count()).toBeGreaterThan(0);
    expect(await page.evaluate(coloursOnCanvas)).toBeGreaterThan(10);
    expect(new URL(page.url()).searchParams.get('prompt')).toBe(PROMPT);

    const inPage = await page.evaluate(() => (globalThis as unknown as { latents: number[][] }).latents);
    const inNode = await latentsOfNode();
    expect(inNode).toHaveLength(3);
    expect(inNode[0].some((word) => word !== 0)).toBe(true);
    expect(inPage).toEqual(inNode);
  });

  test('the run is looked at by keys: its blocks, what its calls predicted, where severity is computed', async () => {
    await page.locator('#title').click();
    await page.keyboard.press('Home');
    expect(await shown('.title')).toBe('Block 0 is the first');
    await page.keyboard.press('ArrowRight');
    expect(await shown('.say')).toMatch(/^Block 1 moved \d+\.\d/);
    await page.keyboard.press('[');
    expect(await shown('.pics figure:nth-child(2) figcaption')).toContain('what call 4 predicted, in rough colours');
    await page.keyboard.press('5');
    expect(await shown('.explained .numbers')).toMatch(/\d/);
    expect(await shown('.source summary')).toContain('src/tokentrim/severity.ts');
    await page.locator('[aria-label="Another lambda"]').focus();
    await page.keyboard.press('Home');
    expect(await shown('.whatif p')).toMatch(/^With λ = 0, /);
  });

  test('who is asked and FlowMo are chosen, and stand in the address', async () => {
    const other = await browser.newPage();
    await other.goto(`${server.address}?width=32&height=32&frames=9&seed=7&policy=adaptive&flowmo=first-block`);
    await other.locator('#start:enabled').waitFor();
    expect(await other.locator('#policy').inputValue()).toBe('adaptive');
    expect(await other.locator('#sensitivity').isDisabled()).toBe(true);
    await other.locator('#policy').selectOption('regenerate');
    expect(await other.locator('#sensitivity').isDisabled()).toBe(false);
    expect(await violations(other)).toEqual([]);
    await other.locator('#start').click();
    await other.locator('#motion-title').waitFor({ timeout: 120_000 }); // FlowMo acted on block 0
    const { searchParams } = new URL(other.url());
    expect([searchParams.get('policy'), searchParams.get('flowmo')]).toEqual(['regenerate', 'first-block']);
    await other.locator('#trim').uncheck();
    expect(await other.locator('#policies').isVisible()).toBe(false);
    await other.locator('#stop').click();
    await other.close();
  });

  test('its story lies beside its pictures, and all of it inside a narrow page; axe finds nothing', async () => {
    const box = (selector: string) => page.locator(selector).first().boundingBox();
    const [why, squares] = [await box('#viewer .why'), await box('#viewer .pics')];
    expect(why!.x + why!.width).toBeLessThanOrEqual(squares!.x);
    expect(squares!.width).toBeGreaterThan(600);
    await page.setViewportSize({ width: 390, height: 800 });
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { scrollWidth, clientWidth };
    });
    expect(scrollWidth).toBe(clientWidth);
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 720 });
  });

  test('a run is stopped when it is asked to, and another one begins', async () => {
    await page.locator('#frames').fill('81');
    await page.locator('#prompt').press('Enter');
    await page.locator('#pause').click();
    await expect.poll(() => text('stage')).toContain('paused');
    const still = async () => {
      const before = await text('calls');
      await page.waitForTimeout(1500); // a call takes a tenth of that
      return (await text('calls')) === before ? before : undefined;
    };
    await expect.poll(still, { timeout: 60_000 }).toMatch(/^\d+ of/);
    const calls = Number.parseInt((await text('calls')) ?? '', 10);
    await page.locator('#call').click();
    await expect.poll(() => text('calls'), { timeout: 30_000 }).toMatch(new RegExp(`^${calls + 1} of`));
    await page.locator('#pause').click();
    await blocks(1);
    await page.locator('#stop').click();
    await page.locator('#start:enabled').waitFor({ timeout: 60_000 });
    expect(await text('stage')).toBe('stopped');
    expect(await page.locator('.thumb:enabled').count()).toBeLessThan(21);

    await page.locator('#frames').fill('9');
    await page.locator('#beside').check();
    await page.locator('#start').click();
    await page.locator('#viewer .seg[aria-label=Run]').waitFor({ timeout: 120_000 });
    await page.locator('#start:enabled').waitFor({ timeout: 60_000 });
    expect(await shown('.seg [aria-pressed=true]')).toBe('Compare');
    expect(await page.locator('#viewer .curve.other').count()).toBe(1);
  });

  test('what cannot be run is said in words, and the page goes on', async () => {
    await page.locator('#frames').fill('0');
    await page.locator('#start').click();
    await page.locator('#error:not([hidden])').waitFor();
    expect(await text('error')).toMatch(/frames, 1 or more, found 0/);
    expect(await text('title')).toBe('This run failed');
    expect(await page.locator('#viewer').isVisible()).toBe(false);
    await page.locator('#files').setInputFiles([join(toyWorld, 'vae.safetensors'), join(toyWorld, 'config.json')]);
    await expect
      .poll(() => text('error'))
      .toContain('these files are missing: transformer, text-encoder, tokenizer.json');
    expect(await page.locator('#start').isDisabled()).toBe(true);
    const names = ['transformer', 'vae', 'text_encoder'].map((name) => `${name}.safetensors`);
    await page.locator('#files').setInputFiles([...names, 'tokenizer.json'].map((name) => join(toyWorld, name)));
    await page.locator('#start:enabled').waitFor();
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  test('the theme is changed by a key, axe finds nothing, and nothing complained', async () => {
    await page.locator('#title').click();
    for (const theme of ['dark', 'light']) {
      await page.keyboard.press('t');
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme);
      expect(await violations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

/** In the page, before its own script: keeps the latents of every block as 32-bit words, and passes all messages on. */
function listen(): void {
  const kept = globalThis as unknown as { latents: number[][] };
  kept.latents = [];
  globalThis.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      this.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
        if (data.kind === 'event' && data.event.kind === 'block') {
          kept.latents.push([...new Uint32Array(data.event.latents.values.slice().buffer)]);
        }
      });
    }
  };
}

/** In the page: how many colours the picture has. */
function coloursOnCanvas(): number {
  const canvas = document.querySelector('#viewer .pics canvas') as HTMLCanvasElement;
  const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(
    0,
    0,
    canvas.width,
    canvas.height,
  );
  return new Set(new Uint32Array(data.buffer)).size;
}

/** The latents of the same run in Node, as 32-bit words. */
async function latentsOfNode(): Promise<number[][]> {
  const device = await openDevice({ adapter: 'swiftshader' });
  const model = await openModelFolder(toyWorld);
  const latents: number[][] = [];
  for await (const event of generate(device, model, { ...request, trim: { warmup: 0 } })) {
    if (event.kind !== 'block') continue;
    latents.push([...new Uint32Array(Float32Array.from(await device.read(event.latents)).buffer)]);
  }
  await model.close();
  device.close();
  return latents;
}
