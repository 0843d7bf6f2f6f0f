import type { ModelConfig } from '../models/wan/modelConfig.js';
import type { GenerateEvent, GenerateRequest } from '../pipelines/generate.js';
import type { RunInputs } from '../pipelines/plan/request.js';
import type { Sheet, TraceEvent } from '../trace/format.js';
import type { TracedTensor } from '../trace/traceSink.js';
import type { Pace } from './gate.js';
import type { BrowserDeviceOptions } from './openBrowserDevice.js';

/** Where a model lies: the address of its folder, or files that were picked. */
export type ModelPlace = { readonly url: string } | { readonly files: readonly File[] };

/** What of a device's options can be posted. */
export type PostedDeviceOptions = Omit<BrowserDeviceOptions, 'onLost' | 'gpu'>;

/** What of a request is data, and can be posted to a worker. */
export type PostedRequest = Omit<GenerateRequest, 'given' | 'noiseFile' | Exclude<keyof RunInputs, 'maxBlocks'>> & {
  /** Has the run traced: its trace is posted as it grows, and its pictures come with that alone. */
  readonly trace?: boolean;
};

/** A model that was opened, and what it will run on. */
export interface OpenedModel {
  readonly config: ModelConfig;
  readonly adapter: { readonly name: string; readonly note?: string };
}

type EventOf<Kind> = Extract<GenerateEvent, { readonly kind: Kind }>;

/** What a generation did: the events of `generate`, as data that is no longer the worker's. */
export type PostedEvent =
  | EventOf<'note' | 'preview' | 'frames'>
  | Pick<EventOf<'step'>, 'kind' | 'block' | 'attempt'>
  /** `blocks` and denoising calls are those of a run in which nothing triggers. */
  | (EventOf<'stage'> & { readonly blocks: number; readonly calls: number })
  /** `latents` are [frames, channels, height, width]. */
  | (Omit<EventOf<'block'>, 'latents' | 'cache'> & {
      readonly latents: { readonly shape: readonly number[]; readonly values: Float32Array };
    })
  /** A line of a run's trace; the files that it names were posted before it. */
  | { readonly kind: 'trace'; readonly event: TraceEvent }
  | { readonly kind: 'tensors'; readonly file: string; readonly tensors: readonly TracedTensor[] }
  /** Pictures of a sheet, in order: rgba [height, width, 4] each. */
  | { readonly kind: 'pictures'; readonly sheet: Sheet; readonly rgba: readonly Uint8Array[] }
  /** Kernels that run for the first time, which is when drivers compile them; none when they have run. */
  | { readonly kind: 'compile'; readonly kernels: readonly string[] };

/** From the page to its worker. Calls are answered one after the other; `stop` ends the one that it names early, `pace` acts on all. */
export type Order =
  | { readonly kind: 'open'; readonly call: number; readonly place: ModelPlace; readonly device: PostedDeviceOptions }
  | { readonly kind: 'run'; readonly call: number; readonly request: PostedRequest }
  | { readonly kind: 'stop'; readonly call: number }
  | { readonly kind: 'pace'; readonly pace: Pace };

/** From the worker to its page: any number of events, then one of the others. */
export type Answer =
  | { readonly kind: 'event'; readonly call: number; readonly event: PostedEvent }
  | { readonly kind: 'opened'; readonly call: number; readonly opened: OpenedModel }
  | { readonly kind: 'ended'; readonly call: number }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string; readonly isExpected: boolean };
