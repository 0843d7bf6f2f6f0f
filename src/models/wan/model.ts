import type { TensorSource } from '../../weights/tensorSource.js';
import type { ModelConfig } from './modelConfig.js';
import type { TokenizedPrompt } from './text/tokenize.js';
import type { TinyVae } from './tinyVae/openTinyVae.js';

/** What makes pictures of latents: the model's own VAE, or a tiny one, which is much less work and nearly as good. */
export const DECODERS = ['full', 'tiny'] as const;
export type DecoderName = (typeof DECODERS)[number];

/** A model that is opened: its configuration, and its three parts under official names, their data still where it lies. */
export interface Model {
  readonly config: ModelConfig;
  readonly transformer: TensorSource;
  /** Without tensors where only a tiny one was given (`hasFullVae`). */
  readonly vae: TensorSource;
  readonly tinyVae?: TinyVae;
  /** What makes pictures where a run does not say: the full VAE where it is there and this is absent. */
  readonly decoder?: DecoderName;
  readonly textEncoder: TensorSource;
  /** Reads the text of tokenizer.json, which is not kept: umT5's has 17 MB. */
  readonly tokenizer: () => Promise<string>;
  /** How errors name it. */
  readonly tokenizerLabel: string;
  /** Prompts in token ids, as far as they were asked for: a run is planned before it is made, and the tokenizer is not kept. */
  readonly tokens?: Map<string, TokenizedPrompt>;
  /** The options that open it again, by their names; absent for the model that is opened where none is named. */
  readonly source?: Readonly<Record<string, string>>;
}

/** Whether the model's own VAE is there. */
export function hasFullVae({ vae }: Pick<Model, 'vae'>): boolean {
  return vae.names().length > 0;
}
