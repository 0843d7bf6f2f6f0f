import type { TensorSource } from '../../weights/tensorSource.js';
import type { ModelConfig } from './modelConfig.js';
import type { TokenizedPrompt } from './text/tokenize.js';

/** A model that is opened: its configuration, and its three parts under official names, their data still where it lies. */
export interface Model {
  readonly config: ModelConfig;
  readonly transformer: TensorSource;
  readonly vae: TensorSource;
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
