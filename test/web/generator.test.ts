import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { openDevice } from '../../src/node/openDevice.js';
import { generate } from '../../src/pipelines/generate.js';
import type { Device } from '../../src/tensor/device.js';
import { Trace } from '../../src/trace/traceReader.js';
import { createGenerator, type GeneratorWorker, type RemoteGenerator } from '../../src/web/createGenerator.js';
import type { ModelPlace, PostedEvent, PostedRequest } from '../../src/web/messages.js';
import type { BrowserDeviceOptions } from '../../src/web/openBrowserDevice.js';
import { type Port, serveGenerator } from '../../src/web/serveGenerator.js';

// Both ends of a worker in one process, over a channel of the kind that lies between a page and its worker. What they open
// is Node's.

let folder: ModelFolder;
/** With the model opened. */
let ready: RemoteGenerator;
const devices: { device: Device; options: BrowserDeviceOptions }[] = [];
const places: ModelPlace[] = [];
const ports: MessagePort[] = [];

beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
  ready = start().generator;
  await ready.open(place);
});
afterAll(async () => {
  for (const port of ports) port.close();
  for (const { device } of devices) device.close();
  await folder.close();
});

/** A page's end, whose worker is this process; and what fails it as a worker fails. */
function start() {
  const { port1: page, port2: worker } = new MessageChannel();
  ports.push(page, worker);
  const failures: ((event: { message: string }) => void)[] = [];
  serveGenerator(worker as unknown as Port, {
    device: async (options) => {
      const device = await openDevice();
      devices.push({ device, options });
      return device;
    },
    model: async (place) => {
      places.push(place);
      if ('url' in place && place.url.endsWith('nowhere/')) throw new TokenTrimError('there is nothing');
      return { ...folder, close: async () => undefined };
    },
  });
  worker.start();
  page.start();
  const pretended = {
    postMessage: page.postMessage.bind(page),
    addEventListener: (kind: string, listener: (event: unknown) => void) => {
      if (kind === 'error') failures.push(listener as never);
      else page.addEventListener(kind as 'message', listener as never);
    },
    terminate: () => page.close(),
  };
  return { generator: createGenerator(pretended as unknown as GeneratorWorker), failures };
}

const place = { url: 'http://localhost/toy-world/' };
const request: PostedRequest = {
  prompt: 'a red circle stands still on a navy background',
  ...{ width: 32, height: 32, framesPerBlock: 1, frames: 5, steps: [1000, 500], seed: 5n },
};

async function all(events: AsyncIterable<PostedEvent>): Promise<PostedEvent[]> {
  const taken: PostedEvent[] = [];
  for await (const event of events) if (event.kind !== 'compile') taken.push(event);
  return taken;
}

const blocksOf = (events: readonly PostedEvent[]) =>
  events.flatMap((event) => (event.kind === 'block' ? [event.latents] : []));

test('a run in a worker is the run, event by event, to the byte', async () => {
  const { generator } = start();
  const opened = await generator.open(place, { profile: false });
  expect(opened.config).toEqual(folder.config);
  expect(opened.adapter.name).toBe(devices.at(-1)?.device.name);
  expect(devices.at(-1)?.options.profile).toBe(false);

  const there = await all(generator.run(request));
  const here: PostedEvent[] = [];
  const device = await openDevice();
  for await (const event of generate(device, folder, request)) {
    if (event.kind === 'stage') here.push({ ...event, blocks: 2, calls: 4 });
    else if (event.kind === 'step') here.push({ kind: 'step', block: event.block, attempt: event.attempt });
    else if (event.kind === 'note' || event.kind === 'frames' || event.kind === 'preview') here.push(event);
    else if (event.kind === 'block') {
      const { latents, cache, ...told } = event;
      here.push({ ...told, latents: { shape: latents.shape, values: (await device.read(latents)) as Float32Array } });
    }
  }
  device.close();
  const untimed = (events: readonly PostedEvent[]) => events.map((event) => ({ ...event, seconds: 0 }));
  expect(there.filter(({ kind }) => kind === 'frames').length).toBeGreaterThan(1);
  expect(blocksOf(there)[0].values.some((value) => value !== 0)).toBe(true);
  expect(untimed(there)).toEqual(untimed(here));
});

test('a traced run is the same run, and each file is there before the line that names it', async () => {
  const traced = await all(ready.run({ ...request, trace: true }));
  expect(blocksOf(traced)).toEqual(blocksOf(await all(ready.run(request))));
  expect(traced.some(({ kind }) => kind === 'frames')).toBe(false);
  const files = new Set<string>();
  const trace = new Trace();
  for (const event of traced) {
    if (event.kind === 'tensors') files.add(event.file);
    if (event.kind === 'pictures') files.add(event.sheet.file);
    if (event.kind !== 'trace') continue;
    trace.take(event.event);
    if (event.event.kind === 'pictures') expect(files).toContain(event.event.sheet.file);
    if (event.event.kind === 'review' && event.event.drift) expect(files).toContain(event.event.drift.file);
  }
  expect(trace.end?.status).toBe('finished');
  expect(trace.blocks.map(({ pictures }) => pictures.reduce((sum, { sheet }) => sum + sheet.count, 0))).toEqual([1, 4]);
  expect(trace.blocks[1].attempts[0].review?.severity).toBeGreaterThan(0);
  const sheet = traced.find((event) => event.kind === 'pictures');
  expect(sheet?.rgba[0]).toHaveLength(4 * sheet!.sheet.width * sheet!.sheet.height);
});

test('no call is launched before the one before has run, or a pause would come after several', async () => {
  let [launched, ran, ahead] = [0, 0, 0];
  for await (const event of ready.run({ ...request, trace: true })) {
    if (event.kind === 'step') launched++;
    if (event.kind === 'trace' && event.event.kind === 'step') ran++;
    ahead = Math.max(ahead, launched - ran);
  }
  expect([launched, ran, ahead]).toEqual([4, 4, 1]);
});

test('a run that is paused goes on call by call, then by itself, and a stop ends a pause', async () => {
  const stop = new AbortController();
  ready.pace('pause');
  const run = ready.run(request, { signal: stop.signal });
  const steps = async (count: number) => {
    for (let step = 0; step < count; ) {
      const { value, done } = await run.next();
      if (done) throw new Error('the run is over');
      if (value?.kind === 'step') step++;
    }
  };
  const isWaiting = async (next: Promise<unknown>) =>
    Promise.race([next.then(() => false), new Promise((resolve) => setTimeout(() => resolve(true), 1000))]);
  await steps(1);
  let next = steps(1);
  expect(await isWaiting(next)).toBe(true);
  ready.pace('step');
  await next;
  next = steps(1);
  expect(await isWaiting(next)).toBe(true);
  ready.pace('go');
  await next;
  ready.pace('pause');
  stop.abort();
  for await (const event of run) expect(event).toBeDefined();
  expect(blocksOf(await all(ready.run(request)))).toHaveLength(2);
});

test('a run that is stopped ends after the call at hand, and the next one is a whole run', async () => {
  const stop = new AbortController();
  const taken: PostedEvent[] = [];
  for await (const event of ready.run({ ...request, frames: 41 }, { signal: stop.signal })) {
    taken.push(event);
    if (event.kind === 'block') stop.abort();
  }
  expect(blocksOf(taken).length).toBeLessThan(11);
  const next = await all(ready.run(request));
  expect(blocksOf(next)).toHaveLength(2);
});

test('a signal that is raised already lets nothing begin', async () => {
  expect(await all(ready.run(request, { signal: AbortSignal.abort() }))).toEqual([]);
  expect(blocksOf(await all(ready.run(request)))).toHaveLength(2);
});

test('leaving the loop stops the run, and one that waits goes on', async () => {
  for await (const event of ready.run({ ...request, frames: 161 })) if (event.kind === 'stage') break;
  expect(blocksOf(await all(ready.run(request)))).toHaveLength(2);
});

test('what the request lacks is told as the error that it is, and the worker goes on', async () => {
  const { generator } = start();
  await expect(all(generator.run(request))).rejects.toThrow('no model was opened');
  await expect(generator.open({ url: 'http://localhost/nowhere/' })).rejects.toThrow(
    new TokenTrimError('there is nothing'),
  );
  await expect(all(ready.run({ ...request, prompt: ' ' }))).rejects.toBeInstanceOf(TokenTrimError);
  await expect(all(ready.run({ ...request, prompt: 7 } as never))).rejects.toThrow('must be text');
  expect(blocksOf(await all(ready.run({ ...request, maxBlocks: 1 })))).toHaveLength(1);
});

test('after a device was lost the next run opens another', async () => {
  const { generator } = start();
  await generator.open(place);
  const { options, device } = devices.at(-1) as (typeof devices)[number];
  device.close();
  options.onLost?.(new TokenTrimError('lost'));
  const before = devices.length;
  expect(blocksOf(await all(generator.run(request)))).toHaveLength(2);
  expect(devices).toHaveLength(before + 1);
});

test('addresses are resolved by the page, and files are handed over', async () => {
  const { generator } = start();
  await generator.open(place);
  expect(places.at(-1)).toEqual(place);
  const file = new Blob(['weights']); // a file is one, and the channel of Node knows no other
  await generator.open({ files: [file as File] });
  expect(await ((places.at(-1) as { files: readonly File[] }).files[0] as Blob).text()).toBe('weights');
});

test('a worker that fails, or is closed, fails what waits for it', async () => {
  const { generator, failures } = start();
  const opening = generator.open({ url: 'http://localhost/never/' });
  for (const fail of failures) fail({ message: 'no such script' });
  await expect(opening).rejects.toThrow('the worker that generates failed (no such script): load the page again');
  const { generator: other } = start();
  other.close();
  await expect(other.open(place)).rejects.toThrow('the worker that generates was closed');
});
