import type { KvCache } from '../models/wan/kvCache.js';
import type { LatentColors } from '../pipelines/pictures/latentColors.js';
import type { GenerateEvent } from '../pipelines/stages.js';
import { CacheChanges } from './cacheChanges.js';
import { blockName, driftRef } from './fileNames.js';
import { type BeginEvent, type EndEvent, type PicturesEvent, TRACE_VERSION, type TraceEvent } from './format.js';
import { readLastFrames } from './lastFrames.js';
import { readMotions } from './motion.js';
import { type Predicted, Predictions } from './predictions.js';
import type { TracedPicture, TraceSink } from './traceSink.js';
import { readWatched } from './watched.js';

/** What a recorder goes by. */
export interface RecorderOptions {
  readonly begin: Omit<BeginEvent, 'kind' | 'at' | 'version' | 'date'>;
  /** Makes pictures of what calls predict, and learns from those of the video; without it there are none, and no call's time. */
  readonly colors?: LatentColors;
  /** Whether what calls predict is handed over at once, in place of once an attempt. */
  readonly eachCall?: boolean;
  /** Whether the latents of blocks are kept. */
  readonly latents?: boolean;
  /** Pixels of the longer side of pictures; larger ones are made smaller. */
  readonly thumbnail?: number;
}

type EventOf<Kind extends GenerateEvent['kind']> = Extract<GenerateEvent, { readonly kind: Kind }>;
type Untimed<Event> = Event extends TraceEvent ? Omit<Event, 'at'> : never;

/** Pixels of a thumbnail's longer side where nothing else is said. */
const THUMBNAIL = 208;

/**
 * Writes the events of a run into a trace. What has to be read from the device is asked for while the event is told, and
 * waited for at the end of its block, so that the device is never idle for it.
 */
export class TraceRecorder {
  readonly #began = performance.now();
  readonly #cache = new CacheChanges();
  #queue: Promise<void> = Promise.resolve();
  #lastCall = 0; // seconds at which the latest call, or what was done between two, was over
  readonly #predictions: Predictions | undefined;
  #shown: Record<'video' | 'preview', { next: number; block: number; waiting: TracedPicture[] }> = {
    video: { next: 0, block: 0, waiting: [] },
    preview: { next: 0, block: 0, waiting: [] },
  };
  #attempt = new Map<number, number>(); // of a block, the latest

  constructor(
    private readonly sink: TraceSink,
    private readonly options: RecorderOptions,
  ) {
    this.#predictions = options.colors && new Predictions(options.colors);
    const date = new Date().toISOString();
    this.#put(() => ({ kind: 'begin', version: TRACE_VERSION, date, ...options.begin }));
  }

  /**
   * Takes an event while its tensors are valid.
   * @throws where the trace could not be written so far
   */
  async record(event: GenerateEvent): Promise<void> {
    switch (event.kind) {
      case 'stage':
        this.#put(() => {
          this.#lastCall = this.#seconds();
          return { kind: 'stage', stage: event.stage };
        });
        break;
      case 'note':
        this.#put(() => ({ kind: 'note', text: event.note.replace(/^note: /gm, '') }));
        break;
      case 'step':
        this.#step(event);
        break;
      case 'review':
        this.#review(event);
        break;
      case 'cache': {
        this.#lookAt(event.cache);
        const { block, firstFrame, seen } = event;
        this.#put(() => ({ kind: 'write', block, firstFrame, seen }));
        break;
      }
      case 'block':
        this.#block(event);
        await this.#queue;
        break;
      case 'rejected':
        this.#pictures('rejected', event.block, event.attempt, event.frames, this.#shown.video.next);
        break;
      case 'frames':
      case 'preview':
        this.#show(event.kind === 'frames' ? 'video' : 'preview', event.block, event.frames);
    }
  }

  /** The run is over, one way or another. */
  async end(status: EndEvent['status'], message: string | null = null): Promise<void> {
    for (const role of ['preview', 'video'] as const) this.#flush(role);
    this.#put(() => ({ kind: 'end', status, message }));
    await this.#queue;
  }

  #step(event: EventOf<'step'>): void {
    const { block, attempt, step, firstFrame, seen = null } = event;
    const { method, framesPerBlock } = this.options.begin.video;
    const timesteps = [...event.timesteps];
    this.#lookAt(event.cache);
    if (attempt > 0 && this.#attempt.get(block) !== attempt) this.#beginAgain(block);
    this.#attempt.set(block, attempt);
    const size = method === 'rolling-forcing' ? framesPerBlock : timesteps.length;
    const blocks = Array.from({ length: timesteps.length / size }, (_, index) => block + index);
    const reading = this.#predictions ? readLastFrames(event.x0, size) : [];
    this.#put(async () => {
      const read = await reading;
      const now = this.#seconds();
      const seconds = read.length > 0 ? Math.round(1000 * (now - this.#lastCall)) / 1000 : null;
      this.#lastCall = now;
      for (const [index, frame] of read.entries())
        this.#predictions?.add(blocks[index], frame, attempt > 0 && index > 0);
      return { kind: 'step', block, attempt, step, firstFrame, timesteps, seen, seconds };
    });
    for (const reading of [...readMotions(event, size), ...readWatched(event.watched)]) {
      this.#put(async () => {
        const { file, tensors, told } = await reading;
        await this.sink.tensors(file, tensors);
        return told;
      });
    }
    if (this.options.eachCall) for (const each of blocks) this.#takePredictions(each, each === block ? attempt : 0);
  }

  /** An attempt's calls are counted from where it begins: for a window its last call, else from 0. */
  #beginAgain(block: number): void {
    const { method, steps } = this.options.begin.video;
    this.#put(() => {
      this.#predictions?.beginAgain(block, method === 'rolling-forcing' ? steps.length - 1 : 0);
      return undefined;
    });
  }

  #takePredictions(block: number, attempt: number): void {
    this.#put(() => {
      const taken = this.#predictions?.take(block, attempt);
      return taken && this.#predicted(taken);
    });
  }

  async #predicted(taken: Predicted): Promise<Untimed<PicturesEvent>> {
    const { block, attempt, first } = taken;
    const name = `x0/${blockName(block, first)}.${attempt}${this.options.eachCall ? `.${first}` : ''}`;
    const sheet = await this.sink.pictures(name, this.#predictions?.pictures(taken) ?? [], this.#most);
    return { kind: 'pictures', role: 'x0', block, attempt, sheet, first };
  }

  #review({ block, attempt, again, unstable, measured }: EventOf<'review'>): void {
    if (again) this.#takePredictions(block, attempt); // else more calls may come, or the block is done
    const { height, width } = this.options.begin.video.grid;
    this.#put(async () => {
      const drift = measured ? driftRef(block, attempt) : null;
      if (measured && drift) {
        const values = Float32Array.from(measured.drift);
        await this.sink.tensors(drift.file, [{ name: drift.name, shape: [height, width], dtype: 'f16', values }]);
      }
      const { severity = null, mean = null, std = null, threshold = null } = measured ?? {};
      const numbers = { severity, mean, std, threshold, unstable: measured?.unstable ?? null };
      return { kind: 'review', block, attempt, ...numbers, pruned: again ? unstable : null, drift };
    });
  }

  #block({ block, decision, firstFrame, latents, cache, seconds }: EventOf<'block'>): void {
    this.#lookAt(cache);
    const attempt = this.#attempt.get(block) ?? 0;
    this.#takePredictions(block, attempt);
    const frames = latents.shape[0];
    const last = this.#predictions?.canLearn ? readLastFrames(latents, frames) : undefined;
    const reading = this.options.latents ? latents.device.read(latents) : undefined;
    const { bytes } = latents.device.memory;
    this.#put(async () => {
      const kept = reading ? { file: `latents/${blockName(block, firstFrame)}.safetensors`, name: 'latents' } : null;
      if (reading && kept) {
        const values = Float32Array.from(await reading);
        await this.sink.tensors(kept.file, [{ name: kept.name, shape: latents.shape, dtype: 'f32', values }]);
      }
      this.#predictions?.end(block, (await last)?.[0]);
      this.#lastCall = this.#seconds(); // pictures were made in between
      const made = { given: decision === null, attempts: attempt + 1, triggered: decision?.triggered ?? false };
      return { kind: 'block', block, firstFrame, frames, ...made, seconds, memory: bytes, latents: kept };
    });
  }

  /** Pictures of a block may come in pieces: they are put together. */
  #show(role: 'video' | 'preview', block: number, frames: readonly TracedPicture[]): void {
    const shown = this.#shown[role];
    if (shown.block !== block) this.#flush(role);
    shown.block = block;
    shown.waiting.push(...frames);
    const lastPicture = frames.at(-1);
    const waited = lastPicture && role === 'video' ? this.#predictions?.learn(block, lastPicture) : undefined;
    for (const taken of waited ?? []) this.#put(() => this.#predicted(taken));
    const isAtOnce = role === 'video' && this.options.begin.plan?.decode === 'during';
    if (isAtOnce) this.#flush(role);
  }

  #flush(role: 'video' | 'preview'): void {
    const shown = this.#shown[role];
    const pictures = shown.waiting.splice(0);
    this.#pictures(role, shown.block, this.#attempt.get(shown.block) ?? 0, pictures, shown.next);
    shown.next += pictures.length;
  }

  #pictures(
    role: PicturesEvent['role'],
    block: number,
    attempt: number,
    pictures: readonly TracedPicture[],
    first: number,
  ): void {
    if (pictures.length === 0) return;
    const name = `pictures/${blockName(block, first)}${role === 'video' ? '' : `.${role}.${attempt}`}`;
    const sheet = this.sink.pictures(name, pictures, this.#most); // begins at once: who made them may give them away
    sheet.catch(() => undefined); // awaited below
    this.#put(async () => ({ kind: 'pictures', role, block, attempt, sheet: await sheet, first }));
  }

  #lookAt(cache: KvCache | undefined): void {
    const changes = cache && this.#cache.since(cache);
    if (changes) this.#put(() => ({ kind: 'cache', ...changes }));
  }

  get #most(): number {
    return this.options.thumbnail ?? THUMBNAIL;
  }

  #seconds(): number {
    return Math.round(performance.now() - this.#began) / 1000;
  }

  /** Events are handed over in order, each when what it tells of is there. */
  #put(make: () => Untimed<TraceEvent> | undefined | Promise<Untimed<TraceEvent> | undefined>): void {
    this.#queue = this.#queue.then(async () => {
      const made = await make();
      if (made) await this.sink.event({ at: this.#seconds(), ...made } as TraceEvent);
    });
    this.#queue.catch(() => undefined); // thrown where the queue is waited for
  }
}
