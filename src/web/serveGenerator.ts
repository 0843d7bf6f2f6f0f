import { ensure, TokenTrimError } from '../errors.js';
import type { Model } from '../models/wan/model.js';
import type { StopSignal } from '../options/stopSignal.js';
import { type GenerateEvent, type GenerateRequest, generate } from '../pipelines/generate.js';
import { methodOf } from '../pipelines/plan/methods.js';
import { MemoryPromptStore } from '../pipelines/prompts/memoryPromptStore.js';
import type { Device } from '../tensor/device.js';
import { recordRun } from '../trace/recordRun.js';
import { Gate } from './gate.js';
import type {
  Answer,
  ModelPlace,
  OpenedModel,
  Order,
  PostedDeviceOptions,
  PostedEvent,
  PostedRequest,
} from './messages.js';
import type { BrowserDeviceOptions } from './openBrowserDevice.js';
import { postingSink } from './postingSink.js';

/** Where orders come from and answers go to: a worker's own scope, or one end of a channel. */
export interface Port {
  postMessage(message: Answer, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: Order }) => void): void;
}

/** How a worker opens what it runs, and what it runs on. */
export interface Openers {
  readonly device: (options: BrowserDeviceOptions) => Promise<Device>;
  readonly model: (place: ModelPlace) => Promise<Model & { close(): Promise<void> }>;
}

/** Answers orders from now on, one after the other. */
export function serveGenerator(port: Port, openers: Openers): void {
  const gate = new Gate();
  const studio = new Studio(openers, gate);
  const stops = new Map<number, AbortController>();
  let last = Promise.resolve();

  async function answer(order: Exclude<Order, { kind: 'stop' | 'pace' }>, signal: StopSignal): Promise<void> {
    const { call } = order;
    try {
      if (order.kind === 'open') {
        const opened = await studio.open(order.place, order.device);
        port.postMessage({ kind: 'opened', call, opened }, []);
        return;
      }
      const post = (event: PostedEvent, transfer: Transferable[]) =>
        port.postMessage({ kind: 'event', call, event }, transfer);
      await studio.run(order.request, signal, post);
      port.postMessage({ kind: 'ended', call }, []);
    } catch (error) {
      if (signal.aborted && error === signal.reason) port.postMessage({ kind: 'ended', call }, []);
      else port.postMessage({ kind: 'failed', call, ...described(error) }, []);
    } finally {
      stops.delete(call);
    }
  }

  port.addEventListener('message', ({ data: order }) => {
    if (order.kind === 'pace') {
      gate.set(order.pace);
      return;
    }
    if (order.kind === 'stop') {
      stops.get(order.call)?.abort();
      gate.set('go'); // who waits there is to see that
      return;
    }
    const stop = new AbortController();
    stops.set(order.call, stop);
    last = last.then(() => answer(order, stop.signal));
  });
}

function described(error: unknown): { message: string; isExpected: boolean } {
  if (error instanceof TokenTrimError) return { message: error.message, isExpected: true };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), isExpected: false };
}

/** What a worker keeps between runs: a model, the device, prompts that were embedded. */
class Studio {
  #model: (Model & { close(): Promise<void> }) | undefined;
  #device: Device | undefined;
  #deviceOptions: PostedDeviceOptions = {};
  #prompts = new MemoryPromptStore();

  constructor(
    private readonly openers: Openers,
    private readonly gate: Gate,
  ) {}

  /** Opens a model in the place of the one before. */
  async open(place: ModelPlace, options: PostedDeviceOptions): Promise<OpenedModel> {
    await this.#model?.close();
    this.#model = undefined;
    this.#device?.close();
    this.#device = undefined;
    this.#deviceOptions = options;
    const { name, note } = await this.#openDevice();
    this.#model = await this.openers.model(place);
    return { config: this.#model.config, adapter: { name, note } };
  }

  async run(request: PostedRequest, signal: StopSignal, post: Post): Promise<void> {
    signal.throwIfAborted();
    ensure(this.#model, 'no model was opened: open one before a run');
    const device = this.#device ?? (await this.#openDevice());
    const endWatch = watchCompiling(device, (kernels) => post({ kind: 'compile', kernels }, []));
    try {
      const { trace = false, ...asked } = request;
      const inputs = { ...asked, signal, promptStore: this.#prompts };
      if (trace) await runTraced(device, this.#model, inputs, post, this.gate);
      else {
        for await (const event of generate(device, this.#model, inputs)) {
          await postEvent(device, event, post);
          if (event.kind === 'step') await endCall(device, this.gate);
        }
      }
    } finally {
      endWatch();
    }
  }

  /** A device that is lost is not used again: the next run opens another. */
  async #openDevice(): Promise<Device> {
    const device = await this.openers.device({
      ...this.#deviceOptions,
      onLost: () => {
        if (this.#device === device) this.#device = undefined;
      },
    });
    this.#device = device;
    return device;
  }
}

type Post = (event: PostedEvent, transfer: Transferable[]) => void;

/** Its pictures go into the trace as they are. */
async function runTraced(
  device: Device,
  model: Model,
  request: GenerateRequest,
  post: Post,
  gate: Gate,
): Promise<void> {
  const run = generate(device, model, { ...request, watch: { rejected: true } });
  const isStopped = () => request.signal?.aborted ?? false;
  const options = { eachCall: true, thumbnail: Number.MAX_SAFE_INTEGER, isStopped };
  for await (const event of recordRun(run, postingSink(post), device, model, options)) {
    if (!('frames' in event)) await postEvent(device, event, post);
    if (event.kind === 'step') await endCall(device, gate);
  }
}

/** A call that was told is only launched, and more would be behind it: a pause would come after all of them. */
async function endCall(device: Device, gate: Gate): Promise<void> {
  await device.synchronize();
  await gate.pass();
}

/** Pictures and latents are handed over and not copied; tensors stay here, as they live on the device. */
async function postEvent(device: Device, event: GenerateEvent, post: Post): Promise<void> {
  if (event.kind === 'stage') {
    const method = methodOf(event.plan);
    post({ ...event, blocks: method.blocks(event.plan), calls: method.calls(event.plan) }, []);
  } else if (event.kind === 'block') {
    const { latents, cache, ...told } = event;
    const values = Float32Array.from(await device.read(latents));
    post({ ...told, latents: { shape: latents.shape, values } }, [values.buffer]);
  } else if (event.kind === 'step') {
    post({ kind: 'step', block: event.block, attempt: event.attempt }, []);
  } else if (event.kind !== 'review' && event.kind !== 'cache' && event.kind !== 'rejected') {
    post(event, 'frames' in event ? event.frames.map(({ rgba }) => rgba.buffer as ArrayBuffer) : []);
  }
}

/** Milliseconds between looks at what the driver compiles. */
const LOOK_MS = 100;

function watchCompiling({ kernels }: Device, tell: (names: readonly string[]) => void): () => void {
  let told = '';
  const look = () => {
    const { pending } = kernels;
    if (pending.join() === told) return;
    told = pending.join();
    tell(pending);
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}
